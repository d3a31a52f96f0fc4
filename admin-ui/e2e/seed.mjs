// A small world to test and to show: people who write posts about places.
import PocketBase from "pocketbase";

const text = (name, more = {}) => ({ type: "text", name, ...more });
const dates = [
  { type: "autodate", name: "created", onCreate: true },
  { type: "autodate", name: "updated", onCreate: true, onUpdate: true },
];
const WORDS = "quiet river morning stone garden letter window copper harvest lantern meadow winter story cedar island paper".split(" ");

export async function seed(url, email, password, count = 240) {
  const pb = new PocketBase(url);
  pb.autoCancellation(false);
  await pb.collection("_superusers").authWithPassword(email, password);

  const tags = await pb.collections.create({ name: "tags", type: "base", listRule: "", viewRule: "", fields: [text("name", { required: true, presentable: true }), { type: "bool", name: "featured" }, ...dates] });
  const posts = await pb.collections.create({
    name: "posts",
    type: "base",
    listRule: 'published = true || author = @request.auth.id',
    viewRule: 'published = true || author = @request.auth.id',
    createRule: '@request.auth.id != "" && author = @request.auth.id',
    updateRule: "author = @request.auth.id",
    deleteRule: null,
    fields: [
      text("title", { required: true, presentable: true, max: 200 }),
      { type: "editor", name: "body" },
      { type: "relation", name: "author", collectionId: "_pb_users_auth_", maxSelect: 1 },
      { type: "relation", name: "tags", collectionId: tags.id, maxSelect: 5 },
      { type: "select", name: "mood", values: ["calm", "bright", "sad", "curious"], maxSelect: 2 },
      { type: "bool", name: "published" },
      { type: "number", name: "reads", onlyInt: true },
      { type: "geoPoint", name: "place" },
      { type: "date", name: "due" },
      { type: "json", name: "extra" },
      ...dates,
    ],
    indexes: ["CREATE INDEX `idx_posts_due` ON `posts` (`due`)"],
  });
  await pb.collections.create({ name: "comments", type: "base", listRule: "", fields: [text("text", { required: true }), { type: "relation", name: "post", collectionId: posts.id, maxSelect: 1, cascadeDelete: true }, ...dates] });
  await pb.collections.create({ name: "post_counts", type: "view", listRule: "", viewQuery: "SELECT users.id, users.name, count(posts.id) AS posts FROM users LEFT JOIN posts ON posts.author = users.id GROUP BY users.id" });

  const people = [];
  for (const name of ["Ada", "Brigitte", "Chen", "Dimitri", "Esi"]) {
    people.push(await pb.collection("users").create({ email: `${name.toLowerCase()}@example.com`, password: "1234567890", passwordConfirm: "1234567890", name, verified: name !== "Esi" }));
  }
  const tagIds = [];
  for (const name of WORDS.slice(0, 6)) tagIds.push((await pb.collection("tags").create({ name })).id);
  for (let at = 0; at < count; at += 1) {
    const word = (step) => WORDS[(at * 7 + step * 3) % WORDS.length];
    await pb.collection("posts").create({
      title: `The ${word(1)} ${word(2)} of ${word(5)}`,
      body: `<p>A <b>${word(0)}</b> ${word(3)} in the ${word(4)}.</p>`,
      author: people[at % people.length].id,
      tags: [tagIds[at % 6], tagIds[(at + 2) % 6]],
      mood: at % 3 ? [["calm", "bright", "curious"][at % 3]] : ["sad", "calm"],
      published: at % 4 !== 0,
      reads: (at * 137) % 20000,
      place: { lon: ((at * 37) % 300) - 150, lat: ((at * 17) % 120) - 60 },
      due: at % 5 ? new Date(Date.UTC(2026, at % 12, (at % 27) + 1, 9)).toISOString() : "",
      extra: at % 2 ? { rank: at, words: [word(0), word(1)] } : null,
    });
  }
  return pb;
}
