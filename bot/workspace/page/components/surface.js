// A scrolling area of blocks. Presses on anything marked data-act inside it are told to Python as one event, so
// still blocks need no listener of their own. With `stick` it keeps the newest message in sight like a chat does.
export default {
  template: `
    <div class="kk-surface" ref="scroll" :tabindex="stick || role === 'tabpanel' ? 0 : undefined" :role="role" :aria-label="label"
         :aria-live="role === 'log' ? 'polite' : undefined" @scroll.passive="scrolled" @click="pressed" @keydown="key">
      <div ref="inner" class="kk-surface-inner"><slot></slot></div>
      <button v-if="stick && fresh && !atEnd" type="button" class="kk-new-below" @click.stop="toEnd">
        <span aria-hidden="true">↓</span> {{ newBelow }}
      </button>
    </div>`,
  props: { stick: Boolean, role: String, label: String, newBelow: String },
  emits: ["act"],
  data() {
    return { atEnd: true, fresh: false };
  },
  mounted() {
    if (!this.stick) return;
    this.toEnd();
    this.watcher = new ResizeObserver(() => {
      this.shape = this.measure();
      if (this.atEnd) this.toEnd();
      else if (this.newest() > this.seen) this.fresh = true;
    });
    this.watcher.observe(this.$refs.inner);
    this.watcher.observe(this.$refs.scroll);
  },
  unmounted() {
    this.watcher?.disconnect();
  },
  methods: {
    toEnd() {
      const area = this.$refs.scroll;
      if (!area) return;
      area.scrollTop = area.scrollHeight;
      this.atEnd = true;
      this.sawAll();
    },
    sawAll() {
      this.fresh = false;
      this.seen = this.newest();
    },
    newest() {
      const messages = this.$refs.inner.querySelectorAll("[data-ts]");
      return messages[messages.length - 1]?.dataset.ts ?? "";
    },
    measure() {
      const area = this.$refs.scroll;
      return `${this.$refs.inner.offsetHeight} ${area.clientHeight} ${area.clientWidth}`;
    },
    scrolled() {
      // A column that becomes narrower or grows scrolls by itself, without anybody having left the end: the watcher
      // deals with that.
      if (!this.stick || this.measure() !== this.shape) return;
      const area = this.$refs.scroll;
      this.atEnd = area.scrollHeight - area.scrollTop - area.clientHeight < 48;
      if (this.atEnd) this.sawAll();
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
