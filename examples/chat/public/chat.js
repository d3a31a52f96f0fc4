// The web API without any SDK: fetch for records, EventSource for what happens to them.

const RECORDS = "/api/collections/messages/records";
const list = document.querySelector("#messages");
const form = document.querySelector("form");
const shown = new Set();

function show(message) {
  if (shown.has(message.id)) return;
  shown.add(message.id);
  const item = document.createElement("li");
  const author = document.createElement("strong");
  author.textContent = message.author;
  // Text, never HTML: anybody may write anything.
  item.append(author, ` ${message.text}`);
  list.append(item);
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error((await answer.json()).message);
}

const stream = new EventSource("/api/realtime");
stream.addEventListener("messages/*", (event) => {
  const { action, record } = JSON.parse(event.data);
  if (action === "create") show(record);
});
// The stream has begun, or begun again after it was cut off. First subscribe, then read what is there
// already, so that nothing falls in between.
stream.addEventListener("PB_CONNECT", async (event) => {
  const { clientId } = JSON.parse(event.data);
  await post("/api/realtime", { clientId, subscriptions: ["messages/*"] });
  const page = await (await fetch(`${RECORDS}?sort=-sent&perPage=50`)).json();
  page.items.reverse().forEach(show);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const message = Object.fromEntries(new FormData(form));
  try {
    await post(RECORDS, message);
    form.elements.text.value = "";
  } catch (error) {
    alert(error.message);
  }
});
