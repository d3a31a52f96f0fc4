// Realtime without gaps: an EventSource for the PocketBase SDK that goes on where it was cut off.
//
//     import PocketBase from "pocketbase";
//     import { resumable } from "./realtime-resume.mjs";
//
//     globalThis.EventSource = resumable(EventSource); // in Node: import { EventSource } from "eventsource"
//     const pb = new PocketBase("http://127.0.0.1:8090");
//     await pb.collection("posts").subscribe("*", (e) => console.log(e.action, e.record.id));
//     await pb.realtime.subscribe("REALTIME_GAP", () => reloadEverything());
//
// The SDK opens a new EventSource after each interruption and subscribes again. This one asks the
// server to put the sequence of the change into every event, remembers the last one, and hands it in
// with the next connection. The server then sends what was missed, once and in order. When that is no
// longer possible it sends REALTIME_GAP instead, and the client should load its data anew.

/// A subclass of `EventSource` that resumes. The SDK treats it as the original.
export function resumable(EventSource) {
  // The last sequence by URL without query; outlives the connections.
  const seen = new Map();

  return class ResumableEventSource extends EventSource {
    #key;
    #wrapped = new Map();

    constructor(url, options) {
      const resumed = new URL(url);
      const key = resumed.origin + resumed.pathname;
      resumed.searchParams.set("seq", "1");
      if (seen.has(key)) resumed.searchParams.set("resume", seen.get(key));
      super(resumed.toString(), options);
      this.#key = key;
      // Where this connection begins, so that one without any event can be resumed, too.
      this.addEventListener("PB_CONNECT", () => {});
    }

    addEventListener(type, listener, options) {
      if (typeof listener !== "function") return super.addEventListener(type, listener, options);
      const wrapped = (event) => {
        this.#note(event);
        return listener.call(this, event);
      };
      const known = this.#wrapped.get(type) ?? new Map();
      this.#wrapped.set(type, known.set(listener, wrapped));
      super.addEventListener(type, wrapped, options);
    }

    removeEventListener(type, listener, options) {
      const wrapped = this.#wrapped.get(type)?.get(listener) ?? listener;
      this.#wrapped.get(type)?.delete(listener);
      super.removeEventListener(type, wrapped, options);
    }

    #note(event) {
      if (typeof event.data !== "string") return;
      const sequence = JSON.parse(event.data)?.seq;
      if (Number.isInteger(sequence)) seen.set(this.#key, sequence);
    }
  };
}
