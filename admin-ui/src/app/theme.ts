import {
  ActionIcon, Badge, Button, createTheme, Drawer, type MantineColorsTuple, Menu, Modal, NumberInput, PasswordInput, Select, Switch, TagsInput, Textarea, TextInput, Tooltip,
} from "@mantine/core";

const moss: MantineColorsTuple = ["#eef5ec", "#dce9d9", "#bbd4b6", "#97bd90", "#79aa71", "#669d5d", "#4d7c4a", "#3f6b3c", "#335831", "#264525"];
const brick: MantineColorsTuple = ["#fdf0ec", "#f9ddd5", "#f0b8a9", "#e6917b", "#dc6f54", "#d05a3c", "#b8432a", "#a8321f", "#8a2919", "#6b2014"];
const amber: MantineColorsTuple = ["#fff6d6", "#ffedb3", "#ffdf80", "#f5cc4d", "#e6b522", "#c99a10", "#a87d08", "#8a6506", "#6f5106", "#573f05"];
const stone: MantineColorsTuple = ["#f7f7f3", "#f0f0ea", "#e4e5dc", "#d5d7cb", "#bcbfb0", "#9a9e8d", "#6d7263", "#4d5245", "#363a30", "#22251d"];
const night: MantineColorsTuple = ["#e4e6dc", "#b4b9a8", "#9ba18f", "#6b7161", "#3d4236", "#30352a", "#272b22", "#1b1e17", "#15180f", "#0f110b"];

/** Quiet badges, in the page's own colors; what is not green or grey keeps Mantine's. */
function badgeColors(color: unknown): Record<string, string> {
  if (color === undefined || color === "moss") return { "--badge-bg": "var(--hs-accent-soft)", "--badge-color": "var(--hs-accent-text)" };
  return color === "gray" ? { "--badge-bg": "var(--hs-raised)", "--badge-color": "var(--hs-muted)" } : {};
}

const inputs = { size: "sm" } as const;

export const theme = createTheme({
  primaryColor: "moss",
  primaryShade: { light: 7, dark: 4 },
  colors: { moss, red: brick, yellow: amber, gray: stone, dark: night },
  autoContrast: true,
  luminanceThreshold: 0.35,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace",
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "1.3rem" }, h2: { fontSize: "1.05rem" }, h3: { fontSize: "0.95rem" } } },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray", size: "md" } }),
    Badge: Badge.extend({
      defaultProps: { variant: "light", radius: "sm", tt: "none", fw: 500, lts: 0 },
      vars: (_theme, { variant, color }) => ({ root: variant === "light" ? badgeColors(color) : {} }),
    }),
    Button: Button.extend({ defaultProps: { size: "sm" } }),
    Drawer: Drawer.extend({ defaultProps: { position: "right", transitionProps: { duration: 120 } } }),
    Menu: Menu.extend({ defaultProps: { shadow: "md", transitionProps: { duration: 80 }, position: "bottom-end", withinPortal: true } }),
    Modal: Modal.extend({ defaultProps: { centered: true, transitionProps: { duration: 100 } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 350, withArrow: true, events: { hover: true, focus: true, touch: false } } }),
    TextInput: TextInput.extend({ defaultProps: inputs }),
    Textarea: Textarea.extend({ defaultProps: { ...inputs, autosize: true, minRows: 1, maxRows: 12 } }),
    PasswordInput: PasswordInput.extend({ defaultProps: inputs }),
    NumberInput: NumberInput.extend({ defaultProps: { ...inputs, hideControls: true } }),
    Select: Select.extend({ defaultProps: { ...inputs, comboboxProps: { shadow: "md" } } }),
    TagsInput: TagsInput.extend({ defaultProps: inputs }),
    Switch: Switch.extend({ defaultProps: { size: "sm", withThumbIndicator: false } }),
  },
});
