// Filter and sort: every operator, over every kind of field, against five known posts.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createBlog, seedBlog } from "../harness/blog.mjs";
import { refused } from "../harness/expect.mjs";
import { startServer } from "../harness/server.mjs";

const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
await createBlog(pb);
const blog = await seedBlog(pb);

const shortNames = { "Gamma 100%": "Gamma", delta_x: "delta" };
const titles = (records) => records.map((record) => shortNames[record.title] ?? record.title).join(" ");
const find = async (filter, sort = "@rowid") => titles(await pb.collection("posts").getFullList({ filter, sort }));

const selects = {
  "equality": [
    ["title = 'Alpha'", "Alpha"],
    ["title = 'alpha'", ""],
    ["title != 'Alpha'", "Beta Gamma delta Epsilon"],
    ['title = "Beta"', "Beta"],
    ["'Beta' = title", "Beta"],
    ["slug = ''", "Beta Gamma delta"],
    ["slug != ''", "Alpha Epsilon"],
    ["slug = null", "Beta Gamma delta"],
    ["views = 20", "Beta Epsilon"],
    ["views = '20'", "Beta Epsilon"],
    ["views = -5", "delta"],
    ["views = null", ""],
    ["rating = 4.5", "Alpha Epsilon"],
    ["published = true", "Alpha Gamma Epsilon"],
    ["published = false", "Beta delta"],
    ["published != true", "Beta delta"],
    ["contact = 'ann@example.com'", "Alpha"],
    ["status = 'published'", "Alpha Gamma Epsilon"],
    ["author = ''", "delta"],
    ["publishedAt = ''", "Gamma delta"],
    ["publishedAt = '2024-01-01 00:00:00.000Z'", "Alpha"],
    ["views ?= 20", "Beta Epsilon"],
    ["views ?!= 20", "Alpha Gamma delta"],
  ],
  "order": [
    ["views > 10", "Beta Epsilon"],
    ["views >= 10", "Alpha Beta Epsilon"],
    ["views < 0", "delta"],
    ["views <= 0", "Gamma delta"],
    ["10 < views", "Beta Epsilon"],
    ["views ?> 10", "Beta Epsilon"],
    ["views ?>= 10", "Alpha Beta Epsilon"],
    ["views ?< 0", "delta"],
    ["views ?<= 0", "Gamma delta"],
    ["title > 'B'", "Beta Gamma delta Epsilon"],
    ["title < 'B'", "Alpha"],
    ["publishedAt >= '2024-06-01'", "Beta Epsilon"],
    ["publishedAt > '2024-01-01' && publishedAt < '2025'", "Alpha Beta"],
    ["created <= @now && created > @yesterday", "Alpha Beta Gamma delta Epsilon"],
    ["created > @tomorrow", ""],
    ["publishedAt != '' && publishedAt < @yearStart", "Alpha Beta Epsilon"],
    ["views > rating", "Alpha Beta Epsilon"],
  ],
  "like": [
    ["title ~ 'a'", "Alpha Beta Gamma delta"],
    ["title ~ 'ALPHA'", "Alpha"],
    ["title ~ 'B%'", "Beta"],
    ["title ~ '%a'", "Alpha Beta"],
    ["title ~ '100%'", ""],
    ["title ~ '100\\%'", "Gamma"],
    ["title ~ '_'", "delta"],
    ["title ~ ''", "Alpha Beta Gamma delta Epsilon"],
    ["title !~ 'a'", "Epsilon"],
    ["title ?~ 'eps'", "Epsilon"],
    ["title ?!~ 'a'", "Epsilon"],
    ["views ~ 2", "Beta Epsilon"],
    ["labels ~ 'a'", "Alpha delta"],
    ["website ~ 'example.com'", "Alpha"],
    ["body ~ 'world'", "Alpha"],
  ],
  "logic": [
    ["views = 20 && published = true", "Epsilon"],
    ["views = 10 || views = -5", "Alpha delta"],
    ["views = 10 || views = 20 && published = false", "Alpha Beta"],
    ["(views = 10 || views = 20) && published = false", "Beta"],
    ["((title='Beta'))", "Beta"],
    ["1=1", "Alpha Beta Gamma delta Epsilon"],
    ["1=2", ""],
    ["title = 'Beta' // the rest is a comment", "Beta"],
    ["title:lower = 'alpha'", "Alpha"],
  ],
  "several values": [
    ["labels:length = 0", "Gamma"],
    ["labels:length > 1", "Alpha delta"],
    ["tags:length = 3", "Epsilon"],
    ["labels:each = 'b'", "Beta"],
    ["labels:each ?= 'b'", "Alpha Beta delta"],
    ["labels:each != 'c'", "Alpha Beta Gamma"],
    ["labels:each ?!= 'c'", "Alpha Beta Gamma delta"],
    ["labels:each ?> 'b'", "delta Epsilon"],
    ["labels:each ?>= 'b'", "Alpha Beta delta Epsilon"],
    ["labels:each ?< 'b'", "Alpha delta"],
    ["labels:each ?<= 'a'", "Alpha delta"],
    ["labels:each < 'c'", "Alpha Beta"],
    ["labels:each ~ 'b'", "Beta"],
    ["labels:each ?~ 'a'", "Alpha delta"],
    ["labels:each ?!~ 'a'", "Alpha Beta delta Epsilon"],
    ["labels ?= 'b'", ""],
  ],
  "json and points": [
    ["meta.lang = 'en'", "Alpha"],
    ["meta.depth > 1", "Beta"],
    ["meta.list.1 = 2", "Alpha"],
    ["meta.deep.on = true", "Alpha"],
    ["meta = 'text'", "delta"],
    ["meta = null", "Gamma"],
    ["meta.lang != null", "Alpha Beta"],
    ["place.lat > 42", "Alpha Epsilon"],
    ["place.lon = 0", "Beta Gamma delta"],
    ["geoDistance(place.lon, place.lat, 23.44920680886216, 42.7078484153991) < 18", "Alpha"],
  ],
  "relations": [
    ["author.name = 'ann'", "Alpha Gamma"],
    ["author.name != 'ann'", "Beta delta Epsilon"],
    ["author.name = ''", "delta"],
    ["author.name !~ 'ann'", "Beta Epsilon"],
    ["category.name = 'essays' && author.name = 'ann'", "Gamma"],
    ["tags.name = 'rust'", "Beta"],
    ["tags.name ?= 'rust'", "Alpha Beta Epsilon"],
    ["tags.name != 'rust'", "Gamma delta"],
    ["tags.name ?!= 'rust'", "Alpha Gamma delta Epsilon"],
    ["tags.name ~ 'o'", "delta"],
    ["tags.name ?~ 'o'", "Alpha delta Epsilon"],
    ["tags.name ?= 'go' && tags.name ?= 'rust'", ""],
    ["comments_via_post.likes > 0", "Alpha Epsilon"],
    ["comments_via_post.likes ?> 1", "Alpha Epsilon"],
    ["comments_via_post.likes > 1", "Epsilon"],
    ["comments_via_post.text ?~ 'nice'", "Alpha Beta"],
    ["comments_via_post.id = ''", "Gamma delta"],
    ["comments_via_post.author.name ?= 'ann'", "Alpha Beta"],
    ["@collection.tags.name ?= title:lower", ""],
    ["@collection.users.name ?= 'ann' && title = 'Alpha'", "Alpha"],
    ["author = @request.auth.id", ""],
  ],
};

for (const [family, cases] of Object.entries(selects)) {
  describe(`filter: ${family}`, () => {
    for (const [filter, expected] of cases) {
      test(filter, async () => assert.equal(await find(filter), expected));
    }
  });
}

describe("filter: parameters", () => {
  test("values are quoted by the SDK", async () => {
    const cases = [
      [pb.filter("title = {:title}", { title: "Alpha" }), "Alpha"],
      [pb.filter("title = {:title}", { title: "it's \"x\" || 1=1" }), ""],
      [pb.filter("views > {:least} && published = {:on}", { least: 10, on: true }), "Epsilon"],
      [pb.filter("publishedAt >= {:day}", { day: new Date("2024-06-01T00:00:00Z") }), "Beta Epsilon"],
      [pb.filter("slug = {:none}", { none: null }), "Beta Gamma delta"],
      [pb.filter("author.id = {:id}", { id: blog.ann.id }), "Alpha Gamma"],
      [pb.filter("tags.id ?= {:id}", { id: blog.js.id }), "Epsilon"],
    ];
    for (const [filter, expected] of cases) assert.equal(await find(filter), expected, filter);
  });

  test("a quote inside a value survives the round trip", async () => {
    const name = `it's "quoted" \\ back`;
    const tag = await pb.collection("tags").create({ name });
    const found = await pb.collection("tags").getFirstListItem(pb.filter("name = {:name}", { name }));
    assert.equal(found.id, tag.id);
    await pb.collection("tags").delete(tag.id);
  });
});

describe("filter: what is refused", () => {
  const bad = ["title", "title =", "title = 'open", "missing = 1", "(title = 'a'", "title = 'a' &&", "title == 'a'", "title = 'a' and 1=1", "title.sub = 1", "nothing_via_post.id = 1", "unknown(1) = 1", "()", `title = '${"a".repeat(3600)}'`];
  for (const filter of bad) {
    test(`400 for ${filter.slice(0, 40)}`, () => refused(pb.collection("posts").getList(1, 1, { filter }), 400));
  }

  test("a guest may not filter by a hidden field, the superuser may", async () => {
    await refused(server.guest().collection("posts").getList(1, 1, { filter: "note = 'secret'" }), 400);
    assert.equal(await find("note = 'secret'"), "Alpha");
  });

  test("a guest may not name @request or @collection", async () => {
    for (const filter of ["@request.auth.id = ''", "@collection.tags.name ?= 'go'"]) {
      await refused(server.guest().collection("posts").getList(1, 1, { filter }), 403);
    }
  });

  test("a guest's filter through a relation obeys the rule of the related collection", async () => {
    const list = await server.guest().collection("posts").getFullList({ filter: "author.name = 'ann'" });
    assert.equal(titles(list), "", "users are listed for users only");
  });
});

describe("sort", () => {
  const orders = [
    ["title", "Alpha Beta Epsilon Gamma delta"],
    ["-title", "delta Gamma Epsilon Beta Alpha"],
    ["+views,title", "delta Gamma Alpha Beta Epsilon"],
    ["-views,-title", "Epsilon Beta Alpha Gamma delta"],
    ["-rating,views", "Alpha Epsilon Beta delta Gamma"],
    ["@rowid", "Alpha Beta Gamma delta Epsilon"],
    ["-@rowid", "Epsilon delta Gamma Beta Alpha"],
    ["-published,title", "Alpha Epsilon Gamma Beta delta"],
    ["category.name,author.name,title", "delta Gamma Alpha Beta Epsilon"],
    ["-author.name,-title", "Epsilon Beta Gamma Alpha delta"],
    ["publishedAt,title", "Gamma delta Alpha Beta Epsilon"],
    ["title:lower", "Alpha Beta delta Epsilon Gamma"],
  ];
  for (const [sort, expected] of orders) {
    test(sort, async () => assert.equal(await find("", sort), expected));
  }

  test("without a sort, records come in the order they were made", async () => {
    assert.equal(titles(await pb.collection("posts").getFullList()), "Alpha Beta Gamma delta Epsilon");
  });

  test("@random keeps every record", async () => {
    const list = await pb.collection("posts").getFullList({ sort: "@random" });
    assert.equal(list.map((post) => post.title).sort().join(" "), "Alpha Beta Epsilon Gamma 100% delta_x");
  });

  test("an unknown or hidden sort key is a 400", async () => {
    await refused(pb.collection("posts").getList(1, 1, { sort: "nothing" }), 400);
    await refused(server.guest().collection("posts").getList(1, 1, { sort: "note" }), 400);
  });
});
