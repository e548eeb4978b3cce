// A scrolling area of blocks. Presses on anything marked data-act inside it are told to Python as one event, so
// still blocks need no listener of their own. With `stick` it keeps the newest message in sight like a chat does, and
// is read aloud as it grows only there: who scrolls back loads a hundred old messages, which are no news.
export default {
  template: `
    <div class="kk-surface" ref="scroll" :tabindex="stick || role === 'tabpanel' ? 0 : undefined" :role="role" :aria-label="label"
         :aria-live="role === 'log' ? (atEnd ? 'polite' : 'off') : undefined" @scroll.passive="scrolled" @click="pressed" @keydown="key"
         @kk-latest="goToEnd">
      <div ref="inner" class="kk-surface-inner"><slot></slot></div>
      <button v-if="stick && !atEnd && (fresh || newer)" type="button" class="kk-new-below" @click.stop="latest">
        <span aria-hidden="true">↓</span> {{ fresh ? newBelow : newest }}
      </button>
    </div>`,
  props: {
    stick: Boolean,
    role: String,
    label: String,
    newBelow: String,
    newest: String,
    // Whether there are messages before and behind those that are drawn, and whether more are drawn than at first.
    older: Boolean,
    newer: Boolean,
    grown: Boolean,
  },
  emits: ["act", "edge"],
  data() {
    return { atEnd: true, fresh: false };
  },
  mounted() {
    if (!this.stick) {
      // Among hundreds of channels the one that is open is in sight.
      this.$refs.scroll.querySelector(".kk-selected")?.scrollIntoView({ block: "nearest" });
      return;
    }
    this.toEnd();
    this.watcher = new ResizeObserver(() => this.settleDown());
    this.watcher.observe(this.$refs.inner);
    this.watcher.observe(this.$refs.scroll);
    // Rows that come above and go below may leave the height as it was.
    this.changes = new MutationObserver(() => {
      this.asked = "";
      this.settleDown();
    });
    this.changes.observe(this.$refs.inner, { childList: true, subtree: true });
  },
  unmounted() {
    this.watcher?.disconnect();
    this.changes?.disconnect();
  },
  methods: {
    settleDown() {
      const area = this.$refs.scroll;
      if (this.measure() === this.shape) {
        // Scrolled a moment ago, and the browser has not told yet: that is the person's doing.
        if (Math.abs(area.scrollTop - this.place) > 0.5) this.scrolled();
        else if (!this.atEnd) this.hold();
        return;
      }
      this.shape = this.measure();
      if (this.atEnd && !this.newer) return this.toEnd();
      this.atEnd = false;
      this.hold();
      if (this.newestTs() > this.seen) this.fresh = true;
    },
    toEnd() {
      const area = this.$refs.scroll;
      if (!area) return;
      area.scrollTop = area.scrollHeight;
      this.place = area.scrollTop;
      this.atEnd = true;
      this.sawAll();
    },
    latest() {
      this.$refs.scroll.focus({ preventScroll: true });
      this.goToEnd();
    },
    goToEnd() {
      if (!this.stick) return;
      this.toEnd();
      if (this.grown || this.newer) this.$emit("edge", "latest");
    },
    sawAll() {
      this.fresh = false;
      this.seen = this.newestTs();
    },
    messages() {
      return this.$refs.inner.querySelectorAll("[data-ts]");
    },
    newestTs() {
      const messages = this.messages();
      return messages[messages.length - 1]?.dataset.ts ?? "";
    },
    measure() {
      const area = this.$refs.scroll;
      return `${this.$refs.inner.offsetHeight} ${area.clientHeight} ${area.clientWidth}`;
    },
    // What one reads stays where it is while rows come and go above it: the message at the upper edge is remembered
    // with its place, and put back there. (Not every browser does that by itself, none does at the very top.)
    remember() {
      const top = this.$refs.scroll.getBoundingClientRect().top;
      const messages = this.messages();
      let [low, high] = [0, messages.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (messages[middle].getBoundingClientRect().bottom > top) high = middle;
        else low = middle + 1;
      }
      const first = messages[low];
      this.anchor = first && { ts: first.dataset.ts, top: first.getBoundingClientRect().top - top };
    },
    hold() {
      const area = this.$refs.scroll;
      const held = this.anchor && this.$refs.inner.querySelector(`[data-ts="${CSS.escape(this.anchor.ts)}"]`);
      if (held) {
        const moved = held.getBoundingClientRect().top - area.getBoundingClientRect().top - this.anchor.top;
        if (Math.abs(moved) > 0.5) area.scrollTop += moved;
      }
      this.place = area.scrollTop;
      this.remember();
    },
    scrolled() {
      // A column that becomes narrower or grows scrolls by itself, without anybody having left the end: the watcher
      // deals with that.
      if (!this.stick || this.measure() !== this.shape) return;
      const area = this.$refs.scroll;
      const below = area.scrollHeight - area.scrollTop - area.clientHeight;
      const moved = area.scrollTop - (this.place ?? 0);
      this.place = area.scrollTop;
      this.atEnd = below < 48 && !this.newer;
      this.remember();
      if (this.atEnd) this.sawAll();
      if (moved < 0 && this.older && area.scrollTop < area.clientHeight) this.ask("older");
      else if (moved > 0 && this.newer && below < area.clientHeight) this.ask("newer");
      else if (moved > 0 && this.atEnd && this.grown) this.ask("latest");
    },
    ask(edge) {
      if (this.asked === edge) return;
      this.asked = edge;
      this.$emit("edge", edge);
    },
    pressed(event) {
      const target = event.target.closest("[data-act]");
      if (!target || !this.$refs.scroll.contains(target)) return;
      if (target.classList.contains("kk-working")) return;
      if (target.dataset.act === "button" && target.tagName === "BUTTON") target.classList.add("kk-working");
      this.$emit("act", { ...target.dataset, ts: target.closest("[data-ts]")?.dataset.ts });
    },
    key(event) {
      // Up and Down walk from message to message; Tab then reaches the buttons of the one that has the focus.
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!this.stick || !step || event.target.matches("input, textarea, [role=menuitem]")) return;
      const messages = [...this.$refs.scroll.querySelectorAll("[data-ts]")];
      const at = messages.indexOf(event.target.closest("[data-ts]"));
      const next = at < 0 ? (step < 0 ? messages.at(-1) : messages[0]) : messages[at + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    },
    settle() {
      this.$refs.scroll?.querySelectorAll(".kk-working").forEach((each) => each.classList.remove("kk-working"));
    },
  },
};
