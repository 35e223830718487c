import { lazy, Suspense } from "react";
import { Box, Skeleton } from "@mantine/core";

import type { EditorProps } from "./CodeEditor";

const CodeEditor = lazy(() => import("./CodeEditor"));

/** A CodeMirror editor, loaded when the first one is shown: it is a third of the console's weight. */
export function Code(props: EditorProps) {
  const height = props.minHeight ?? 120;
  return (
    <Suspense fallback={<Skeleton height={height} />}>
      <Box>
        <CodeEditor {...props} />
      </Box>
    </Suspense>
  );
}
