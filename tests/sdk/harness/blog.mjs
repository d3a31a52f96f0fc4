// The blog that the suites share: its collections, and a handful of records with every kind of value.

/// Definitions of fields, as the collections API takes them.
export const field = Object.fromEntries(
  ["text", "number", "bool", "email", "url", "date", "autodate", "select", "relation", "json", "editor", "geoPoint"].map(
    (type) => [type, (name, options = {}) => ({ type, name, ...options })],
  ),
);

export const timestamps = [
  field.autodate("created", { onCreate: true }),
  field.autodate("updated", { onCreate: true, onUpdate: true }),
];

export const PASSWORD = "1234567890";

/// Makes the collections of the blog and returns their ids by name.
export async function createBlog(pb) {
  const users = await pb.collections.getOne("users");
  await pb.collections.update("users", {
    listRule: "@request.auth.id != ''",
    viewRule: "@request.auth.id != ''",
    createRule: "",
    updateRule: "id = @request.auth.id",
    deleteRule: "id = @request.auth.id",
  });

  const tags = await pb.collections.create({
    name: "tags",
    type: "base",
    listRule: "",
    viewRule: "",
    fields: [field.text("name", { required: true, max: 40 }), field.text("slug")],
    indexes: ["CREATE UNIQUE INDEX idx_tags_name ON tags (name)"],
  });

  const categories = await pb.collections.create({
    name: "categories",
    type: "base",
    listRule: "",
    viewRule: "",
    fields: [field.text("name", { required: true })],
  });

  const posts = await pb.collections.create({
    name: "posts",
    type: "base",
    listRule: "published = true || author = @request.auth.id",
    viewRule: "published = true || author = @request.auth.id",
    createRule: "@request.auth.id != '' && @request.body.author = @request.auth.id",
    updateRule: "author = @request.auth.id && (@request.body.author:isset = false || @request.body.author = @request.auth.id)",
    deleteRule: "author = @request.auth.id",
    fields: [
      field.text("title", { required: true, max: 200 }),
      field.text("slug"),
      field.editor("body"),
      field.number("views"),
      field.number("rating", { min: 0, max: 5 }),
      field.bool("published"),
      field.email("contact"),
      field.url("website"),
      field.date("publishedAt"),
      field.select("status", { values: ["draft", "published", "archived"] }),
      field.select("labels", { values: ["a", "b", "c", "d"], maxSelect: 3 }),
      field.relation("author", { collectionId: users.id, maxSelect: 1 }),
      field.relation("tags", { collectionId: tags.id, maxSelect: 10 }),
      field.relation("category", { collectionId: categories.id, maxSelect: 1, required: true }),
      field.json("meta"),
      field.geoPoint("place"),
      field.text("note", { hidden: true }),
      ...timestamps,
    ],
    indexes: [
      "CREATE INDEX idx_posts_views ON posts (views)",
      "CREATE UNIQUE INDEX idx_posts_slug ON posts (slug) WHERE slug != ''",
    ],
  });

  const comments = await pb.collections.create({
    name: "comments",
    type: "base",
    listRule: "",
    viewRule: "",
    createRule: "@request.auth.id != ''",
    updateRule: null,
    deleteRule: "author = @request.auth.id || post.author = @request.auth.id",
    fields: [
      field.relation("post", { collectionId: posts.id, maxSelect: 1, required: true, cascadeDelete: true }),
      field.relation("author", { collectionId: users.id, maxSelect: 1 }),
      field.text("text", { required: true }),
      field.number("likes"),
      ...timestamps,
    ],
  });

  return { users: users.id, tags: tags.id, categories: categories.id, posts: posts.id, comments: comments.id };
}

/// Two writers, three tags, two categories, five posts and four comments; returns the records by short name.
export async function seedBlog(pb) {
  const put = (collection, body) => pb.collection(collection).create(body);
  const writer = (name, emailVisibility) =>
    put("users", { email: `${name}@example.com`, emailVisibility, name, password: PASSWORD, passwordConfirm: PASSWORD });

  const ann = await writer("ann", true);
  const bob = await writer("bob", false);
  const go = await put("tags", { name: "go" });
  const rust = await put("tags", { name: "rust" });
  const js = await put("tags", { name: "js" });
  const news = await put("categories", { name: "news" });
  const essays = await put("categories", { name: "essays" });

  const alpha = await put("posts", {
    title: "Alpha",
    slug: "alpha",
    body: "<p>Hello <b>world</b></p><p>again</p>",
    views: 10,
    rating: 4.5,
    published: true,
    contact: "ann@example.com",
    website: "https://alpha.example.com/a",
    publishedAt: "2024-01-01 00:00:00.000Z",
    status: "published",
    labels: ["a", "b"],
    author: ann.id,
    tags: [go.id, rust.id],
    category: news.id,
    meta: { lang: "en", depth: 1, list: [1, 2], deep: { on: true } },
    place: { lon: 23.23033854945808, lat: 42.713146090563384 },
    note: "secret",
  });
  const beta = await put("posts", {
    title: "Beta",
    views: 20,
    rating: 3,
    publishedAt: "2024-06-15 12:30:00.000Z",
    status: "draft",
    labels: ["b"],
    author: bob.id,
    tags: [rust.id],
    category: news.id,
    meta: { lang: "de", depth: 2 },
  });
  const gamma = await put("posts", {
    title: "Gamma 100%",
    published: true,
    status: "published",
    author: ann.id,
    category: essays.id,
  });
  const delta = await put("posts", {
    title: "delta_x",
    views: -5,
    status: "archived",
    labels: ["a", "b", "c"],
    tags: [go.id],
    category: essays.id,
    meta: "text",
  });
  const epsilon = await put("posts", {
    title: "Epsilon",
    slug: "epsilon",
    views: 20,
    rating: 4.5,
    published: true,
    publishedAt: "2025-03-01 08:00:00.000Z",
    status: "published",
    labels: ["c"],
    author: bob.id,
    tags: [js.id, go.id, rust.id],
    category: news.id,
    meta: [1, 2, 3],
    place: { lon: 10, lat: 50 },
  });

  const nice = await put("comments", { post: alpha.id, author: bob.id, text: "Nice post", likes: 3 });
  const thanks = await put("comments", { post: alpha.id, author: ann.id, text: "thanks", likes: 1 });
  const draft = await put("comments", { post: beta.id, author: ann.id, text: "Nice draft", likes: 0 });
  const spam = await put("comments", { post: epsilon.id, text: "spam", likes: 7 });

  return { ann, bob, go, rust, js, news, essays, alpha, beta, gamma, delta, epsilon, nice, thanks, draft, spam };
}
