// A page in the making: what a value becomes follows from where in the HTML it comes to stand.

const URLS = ["href", "src", "action", "formaction", "cite", "poster", "background", "data", "longdesc", "manifest", "ping", "srcset", "xlink:href"];
const FAILSAFE = "ZgotmplZ";
const padded = (text) => (/^[\w$]|^-\d/.test(text) ? ` ${text} ` : text);
const scriptValue = (value) => {
  if (value instanceof Markup) value = value.html;
  const json = JSON.stringify(value ?? null) ?? "null";
  return padded(json.replace(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`));
};
function address(text, isStart, isInQuery) {
  if (isInQuery) return percented(text);
  if (isStart) {
    const scheme = /^([^/?#]*?):/.exec(text)?.[1];
    if (scheme !== undefined && !["http", "https", "mailto"].includes(scheme.toLowerCase())) return `#${FAILSAFE}`;
  }
  return text.replace(/[^\w\-.~!#$&*+,/:;=?@[\]%]|%(?![\da-fA-F]{2})/gu, percented);
}
const styled = (text) => (/^[\w#%., -]*$/.test(text) && !/expression|moz-?binding/i.test(text) ? text : FAILSAFE);

class Page {
  text = "";
  #mode = "text"; // text, tag, name, before, value, comment, script, style
  #element = "";
  #attribute = "";
  #quote = "";
  #value = ""; // What the value of the attribute is so far.
  #script = ""; // The quote or the comment that a script is in.

  // Adds what the template says itself.
  add(text) {
    let at = 0;
    const take = (pattern) => {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found) {
        at += found[0].length;
        this.text += found[0];
      }
      return found;
    };
    while (at < text.length) {
      if (this.#mode === "comment") {
        const end = text.indexOf("-->", at);
        if (end < 0) return;
        at = end + 3;
        this.#mode = "text";
      } else if (this.#mode === "text") {
        take(/[^<]*/y);
        if (text.startsWith("<!--", at)) {
          at += 4;
          this.#mode = "comment";
        } else {
          const tag = take(/<(\/?[a-zA-Z][^\s>/]*)/y);
          if (tag) [this.#mode, this.#element] = ["tag", tag[1].toLowerCase()];
          else take(/</y);
        }
      } else if (this.#mode === "script" || this.#mode === "style") {
        const end = new RegExp(`</${this.#mode}`, "ig");
        end.lastIndex = at;
        const stop = end.exec(text)?.index ?? text.length;
        this.#inScript(text.slice(at, stop));
        this.text += text.slice(at, stop);
        at = stop;
        if (at < text.length) {
          [this.#element, this.#mode] = [`/${this.#mode}`, "tag"];
          take(/<\/\w+/y);
        }
      } else if (this.#mode === "tag") {
        take(/[\s/]*/y);
        if (take(/>/y)) {
          this.#mode = this.#element === "script" || this.#element === "style" ? this.#element : "text";
          this.#script = "";
        } else {
          const name = take(/[^\s=>/]+|=/y);
          if (name) [this.#mode, this.#attribute] = ["name", name[0].toLowerCase()];
        }
      } else if (this.#mode === "name") {
        const rest = take(/[^\s=>/]+/y);
        if (rest) this.#attribute += rest[0].toLowerCase();
        take(/\s*/y);
        if (take(/=/y)) this.#mode = "before";
        else if (at < text.length) this.#mode = "tag";
      } else if (this.#mode === "before") {
        take(/\s*/y);
        if (at === text.length) return;
        this.#begin(take(/["']/y)?.[0] ?? "");
      } else {
        const part = take(this.#quote === '"' ? /[^"]*/y : this.#quote ? /[^']*/y : /[^\s>]*/y)[0];
        this.#value += part;
        this.#inScript(part);
        if (at < text.length) {
          if (this.#quote) take(/["']/y);
          this.#mode = "tag";
        }
      }
    }
  }
  #begin(quote) {
    [this.#mode, this.#quote, this.#value, this.#script] = ["value", quote, "", ""];
  }
  // Follows a script into its texts and comments.
  #inScript(text) {
    for (const [part] of text.matchAll(/\\[^]|\/\/|\/\*|\*\/|["'`\n]/g)) {
      if (this.#script === "//") this.#script = part === "\n" ? "" : "//";
      else if (this.#script === "/*") this.#script = part === "*/" ? "" : "/*";
      else if (this.#script) this.#script = part === this.#script || (part === "\n" && this.#script !== "`") ? "" : this.#script;
      else if (/^(["'`]|\/[/*])$/.test(part)) this.#script = part;
    }
  }
  #scripted(value) {
    if (this.#script.startsWith("/")) return "";
    return this.#script ? escapedScript(textOf(value)) : scriptValue(value);
  }
  // Adds a value.
  put(value) {
    if (this.#mode === "before") this.#begin("");
    const text = textOf(value);
    if (this.#mode === "text") this.text += value instanceof Markup ? value.html : escapedHtml(text);
    else if (this.#mode === "script") this.text += this.#scripted(value);
    else if (this.#mode === "style") this.text += styled(text);
    else if (this.#mode === "tag" || this.#mode === "name") {
      const isHarmless = /^[a-zA-Z][\w-]*$/.test(text) && !/^on|^style$|^srcdoc$/i.test(text) && !URLS.includes(text.toLowerCase());
      this.text += isHarmless || text === "" ? text : FAILSAFE;
      this.#mode = text === "" ? this.#mode : "name";
      this.#attribute += text.toLowerCase();
    } else if (this.#mode === "value") {
      const name = this.#attribute;
      let made;
      if (URLS.includes(name)) made = address(text, this.#value.trim() === "", /[?#]/.test(this.#value));
      else if (name.startsWith("on")) made = this.#scripted(value);
      else if (name === "style") made = styled(text);
      else made = value instanceof Markup ? value.html.replace(/<[^>]*>/g, "").replaceAll(/&(?:amp|lt|gt|#34|#39);/g, (entity) => ({ "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'" })[entity]) : text;
      this.#value += made || " ";
      made = escapedHtml(made);
      if (!this.#quote) made = made.replace(/[\t\n\v\f\r =`]/g, (letter) => `&#${letter.charCodeAt(0)};`) || FAILSAFE;
      this.text += made;
    }
  }
}
