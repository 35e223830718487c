import {
  IconActivity,
  IconAlertTriangle,
  IconBell,
  IconBox,
  IconChartBar,
  IconCpu,
  IconFlask,
  IconSettings,
  IconWebhook,
} from "@tabler/icons-react";

/** The pages of a scope, in the order in which people know them. */
export const PLACES = [
  { path: "integrations", label: "Integrations", icon: IconWebhook },
  { path: "issues", label: "Issues", icon: IconAlertTriangle },
  { path: "alerts", label: "Alerts", icon: IconBell },
  { path: "events", label: "Events", icon: IconActivity },
  { path: "devices", label: "Devices", icon: IconCpu },
  { path: "products", label: "Products", icon: IconBox },
  { path: "tester", label: "Endpoint tester", icon: IconFlask },
  { path: "usage", label: "Usage", icon: IconChartBar },
  { path: "settings", label: "Settings", icon: IconSettings },
];
