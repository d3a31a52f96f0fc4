import classes from "./choice.module.css";

interface Props {
  label: string;
  checked: boolean;
  /** Some, but not all, of what it stands for. */
  partly?: boolean;
  onChange: (range: boolean) => void;
}

/** A checkbox of a list: the browser's own, because there are hundreds, and nothing else costs as little. */
export function Choice({ label, checked, partly = false, onChange }: Props) {
  return (
    <label className={classes["choice"]}>
      <input
        type="checkbox"
        aria-label={label}
        ref={(box) => {
          if (box) box.indeterminate = partly;
        }}
        checked={checked}
        onChange={(event) => onChange((event.nativeEvent as MouseEvent).shiftKey)}
      />
    </label>
  );
}
