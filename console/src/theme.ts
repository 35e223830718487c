import { createTheme } from "@mantine/core";

/** Colours with a meaning: the same everywhere a success, an error or a skip is shown. */
export const OUTCOME_COLOR = { success: "blue", error: "red", skipped: "gray" } as const;

/** The console's look: dense enough for logs, calm enough to be left open. */
export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: "md",
  fontFamily:
    'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "600" },
  components: {
    Table: { defaultProps: { verticalSpacing: "xs" } },
    Tooltip: { defaultProps: { openDelay: 250 } },
    // The focus goes to the first item, not to a placeholder that has no name.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } } },
  },
});
