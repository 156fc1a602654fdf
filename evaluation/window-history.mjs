/** A `BehaviorHistory` of the last 64 events in plain arrays: what a storage keeps packed. */
export class WindowHistory {
  constructor(capacity = 64) {
    this.capacity = capacity;
    this.events = [];
  }
  get length() {
    return this.events.length;
  }
  append(event) {
    if (this.events.length === this.capacity) this.events.shift();
    this.events.push(event);
  }
  /** Ends the newest event. */
  finish(outcome, flags) {
    const newest = this.events[this.events.length - 1];
    newest.outcome = outcome;
    newest.flags |= flags;
  }
  timeMs(index) {
    return this.events[index].timeMs;
  }
  target(index) {
    return this.events[index].target;
  }
  action(index) {
    return this.events[index].action;
  }
  outcome(index) {
    return this.events[index].outcome;
  }
  flags(index) {
    return this.events[index].flags;
  }
}
