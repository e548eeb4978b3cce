// The frame of a dialog: keeps the focus inside, gives it back afterwards, and knows Escape and Ctrl+Enter.
const open = (globalThis.kkDialogs ??= []);
const FOCUSABLE =
  'a[href], button:not([disabled]), input:not([disabled]):not([type="hidden"]), select:not([disabled]), ' +
  'textarea:not([disabled]), [contenteditable="true"], [tabindex]:not([tabindex="-1"])';

export default {
  template: `
    <div class="kk-overlay">
      <div ref="box" class="kk-dialog" :class="size && 'kk-dialog-' + size" :role="alert ? 'alertdialog' : 'dialog'"
           aria-modal="true" :aria-labelledby="titleId" :data-testid="testid" :data-view-id="viewId" tabindex="-1"
           @keydown="key"><slot></slot></div>
    </div>`,
  props: { titleId: String, testid: String, size: String, alert: Boolean, viewId: String },
  emits: ["dismiss", "commit"],
  mounted() {
    this.opener = document.activeElement;
    open.push(this);
    this.keep = (event) => {
      if (open.at(-1) === this && !this.$refs.box.contains(event.target)) this.focusFirst();
    };
    document.addEventListener("focusin", this.keep);
    this.$nextTick(() => this.focusFirst());
  },
  unmounted() {
    document.removeEventListener("focusin", this.keep);
    open.splice(open.indexOf(this), 1);
    if (open.length) open.at(-1).focusFirst();
    else if (this.opener?.isConnected && this.opener !== document.body) this.opener.focus({ preventScroll: true });
    else document.querySelector('[data-testid="composer"]')?.focus({ preventScroll: true });
  },
  methods: {
    stops() {
      return [...this.$refs.box.querySelectorAll(FOCUSABLE)].filter((each) => each.offsetParent !== null);
    },
    focusFirst() {
      const box = this.$refs.box;
      if (!box) return;
      if (box.contains(document.activeElement) && document.activeElement !== box) return;
      const wanted =
        box.querySelector("[data-autofocus] input, [data-autofocus] textarea, [data-autofocus] [contenteditable]") ??
        box.querySelector("[data-first]") ??
        box.querySelector(".kk-dialog-body :is(input, textarea, [contenteditable=true])") ??
        box.querySelector(".kk-dialog-body :is(button, a[href])") ??
        this.stops()[0] ??
        box;
      wanted.focus({ preventScroll: true });
    },
    toTop() {
      // Vue draws what has arrived in its next turn; the browser would keep the old blocks in sight.
      this.$nextTick(() => {
        const box = this.$refs.box;
        const body = box?.querySelector(".kk-dialog-body");
        if (!body) return;
        body.scrollTop = 0;
        if (!box.contains(document.activeElement)) box.focus({ preventScroll: true });
      });
    },
    focusFault() {
      const fault = this.$refs.box.querySelector('[aria-invalid="true"]');
      fault?.focus();
      fault?.closest(".kk-input")?.scrollIntoView({ block: "nearest" });
    },
    key(event) {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Escape") {
        event.stopPropagation();
        this.$emit("dismiss");
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        event.stopPropagation();
        this.$emit("commit");
      } else if (event.key === "Tab") {
        const stops = this.stops();
        if (!stops.length) return event.preventDefault();
        const [first, last] = [stops[0], stops.at(-1)];
        const at = document.activeElement;
        if (event.shiftKey && (at === first || at === this.$refs.box)) {
          event.preventDefault();
          last.focus();
        } else if (!event.shiftKey && at === last) {
          event.preventDefault();
          first.focus();
        }
      }
    },
  },
};
