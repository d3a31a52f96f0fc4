import PocketBase from "/sdk.mjs";

const pb = new PocketBase(location.origin);
const todos = pb.collection("todos");
const find = (selector) => document.querySelector(selector);

/** Runs `work`, and says what went wrong. */
async function attempt(work) {
  find("#problem").textContent = "";
  try {
    await work();
  } catch (error) {
    const details = Object.values(error.response?.data ?? {}).map((detail) => detail.message);
    find("#problem").textContent = [error.message, ...details].join(" ");
  }
}

function itemOf(todo) {
  const [item, label, box, remove] = ["li", "label", "input", "button"].map((name) =>
    document.createElement(name),
  );
  box.type = "checkbox";
  box.checked = todo.done;
  box.onchange = () => attempt(() => todos.update(todo.id, { done: box.checked }));
  remove.textContent = "Remove";
  remove.onclick = () => attempt(() => todos.delete(todo.id));
  label.append(box, ` ${todo.text}`);
  item.append(label, remove);
  return item;
}

async function refresh() {
  const all = await todos.getFullList();
  find("#todos").replaceChildren(...all.map(itemOf));
}

/** Shows what is for whoever is logged in now, and follows changes from any window. */
async function begin() {
  const isIn = pb.authStore.isValid;
  find("main").hidden = !isIn;
  find("#login").hidden = isIn;
  if (!isIn) return;
  await todos.subscribe("*", () => attempt(refresh));
  await refresh();
}

find("#login").addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  const users = pb.collection("users");
  attempt(async () => {
    if (event.submitter?.value === "register") {
      await users.create({ email, password, passwordConfirm: password });
    }
    await users.authWithPassword(email, password);
    await begin();
  });
});

find("#add").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = event.target.elements.text.value;
  event.target.reset();
  attempt(() => todos.create({ text, owner: pb.authStore.record.id }));
});

find("#logout").addEventListener("click", () =>
  attempt(async () => {
    await todos.unsubscribe();
    pb.authStore.clear();
    await begin();
  }),
);

attempt(begin);
