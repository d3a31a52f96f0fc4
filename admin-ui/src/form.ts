import { explain, fieldErrors } from "./api";
import { brand, el } from "./dom";

export interface Input {
  name: string;
  label: string;
  type: "email" | "password";
  autocomplete: AutoFill;
  minlength?: number;
}

interface Form {
  title: string;
  intro: string;
  inputs: Input[];
  action: string;
  /** Does the work; what it throws is shown beside the inputs it names, or above them all. */
  submit: (values: Record<string, string>) => Promise<void>;
}

/** Shows a page that is one form in a card. */
export function showForm(root: HTMLElement, form: Form): void {
  document.title = `${form.title} · Haversack`;
  const alert = el("p", { class: "alert", role: "alert", hidden: true });
  const submit = el("button", { type: "submit", class: "primary" }, form.action);
  const rows = form.inputs.map(inputRow);
  const body = el("form", { novalidate: true }, alert, ...rows.map((row) => row.element), submit);

  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    const invalid = rows.filter((row) => !row.check());
    if (invalid[0]) return invalid[0].input.focus();

    alert.hidden = true;
    submit.disabled = true;
    submit.setAttribute("aria-busy", "true");
    try {
      await form.submit(Object.fromEntries(rows.map((row) => [row.input.name, row.input.value])));
    } catch (failure) {
      const errors = fieldErrors(failure);
      for (const row of rows) row.complain(errors.get(row.input.name) ?? "");
      const named = rows.find((row) => errors.has(row.input.name));
      alert.textContent = explain(failure);
      alert.hidden = named !== undefined;
      named?.input.focus();
    } finally {
      submit.disabled = false;
      submit.removeAttribute("aria-busy");
    }
  });

  const card = el("div", { class: "card" }, el("h1", {}, form.title), el("p", { class: "muted" }, form.intro), body);
  root.replaceChildren(el("main", { class: "centered" }, brand(), card));
  rows[0]?.input.focus();
}

function inputRow(description: Input) {
  const { name, label, type, autocomplete, minlength } = description;
  const id = `input-${name}`;
  const error = el("p", { class: "field-error", id: `${id}-error` });
  const input = el("input", {
    id,
    name,
    type,
    autocomplete,
    required: true,
    minlength: minlength === undefined ? false : String(minlength),
    "aria-describedby": error.id,
  });
  const complain = (message: string) => {
    error.textContent = message;
    input.toggleAttribute("aria-invalid", message !== "");
  };
  input.addEventListener("input", () => complain(""));
  return {
    input,
    complain,
    check: () => {
      complain(input.validationMessage);
      return input.validationMessage === "";
    },
    element: el("div", { class: "field" }, el("label", { for: id }, label), input, error),
  };
}
