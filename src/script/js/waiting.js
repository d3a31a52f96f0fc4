// What a call waits for: timers, and errands that the host runs for it. The host asks for the next turn
// whenever no promise has anything left to do.

const TIMERS_MAX = 10_000;
const timers = new Map();
let lastTimer = 0;
function startTimer(run, millis, values, isRepeated) {
  if (typeof run !== "function") throw new TypeError("a timer needs a function");
  if (timers.size >= TIMERS_MAX) throw new RangeError("too many timers");
  const every = Math.min(Math.max(Number(millis) || 0, 1), 2 ** 31);
  timers.set(++lastTimer, { due: __native.now() + every, every: isRepeated ? every : 0, run, values });
  return lastTimer;
}
const setTimeout = (run, millis, ...values) => startTimer(run, millis, values, false);
const setInterval = (run, millis, ...values) => startTimer(run, millis, values, true);
const clearTimeout = (number) => void timers.delete(number);

// Runs the timer that is due. Returns 0 then, else the milliseconds until one is, or -1 when there is none.
function turn() {
  let next;
  for (const [number, timer] of timers) {
    if (next === undefined || timer.due < next[1].due) next = [number, timer];
  }
  if (next === undefined) return -1;
  const [number, timer] = next;
  const left = timer.due - __native.now();
  if (left > 0) return left;
  if (timer.every) timer.due = __native.now() + timer.every;
  else timers.delete(number);
  timer.run(...timer.values);
  return 0;
}

const errands = new Map();
// Has the host begin something, whose outcome is a promise.
function begin(name, ...values) {
  const number = call(name, ...values);
  return new Promise((resolve, reject) => errands.set(number, { resolve, reject }));
}
function answer(number, text) {
  const errand = errands.get(number);
  errands.delete(number);
  try {
    errand?.resolve(taken(text));
  } catch (error) {
    errand?.reject(error);
  }
}

// Promises that failed while nobody looked, with why.
const rejected = new Map();
function rejection(promise, reason, isHandled) {
  if (isHandled) rejected.delete(promise);
  else rejected.set(promise, reason);
}
const told = (reason) => (reason instanceof Error ? `${shown(reason)}\n${reason.stack ?? ""}`.trimEnd() : shown(reason));

// What parts of the globals take back when a call ends.
const atEnd = [];
