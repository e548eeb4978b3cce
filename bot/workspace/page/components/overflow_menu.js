// A small menu behind a button: an overflow element, or the page's own "more" and "shortcuts".
let count = 0;

export default {
  template: `
    <div class="kk-menu" ref="root">
      <button ref="button" type="button" :class="plain ? 'kk-icon-button' : 'kk-button kk-menu-button'"
              aria-haspopup="menu" :aria-expanded="open ? 'true' : 'false'" :aria-controls="menuId" :aria-label="label"
              :title="plain ? label : undefined" :data-block-id="blockId" :data-action-id="actionId"
              @click.stop="toggle" @keydown.down.prevent="show">{{ sign }}</button>
      <div v-if="open" ref="menu" class="kk-list kk-menu-list" role="menu" :id="menuId" :aria-label="label" :style="place"
           @keydown="key" @click.stop>
        <a v-for="each in options" :key="each.value" role="menuitem" class="kk-list-option" :data-value="each.value"
           :href="each.url || undefined" :target="each.url ? '_blank' : undefined" rel="noopener noreferrer" tabindex="0"
           @click="choose(each)"><span class="kk-list-words">
           <span v-if="each.textArt" v-html="each.textArt"></span><span v-else>{{ each.text }}</span>
           <small v-if="each.hintArt" v-html="each.hintArt"></small><small v-else-if="each.hint">{{ each.hint }}</small>
           </span></a>
      </div>
    </div>`,
  props: {
    options: Array,
    label: String,
    sign: { type: String, default: "⋯" },
    plain: Boolean,
    blockId: String,
    actionId: String,
  },
  emits: ["choose"],
  data() {
    return { open: false, place: {}, menuId: `kk-menu-${++count}` };
  },
  mounted() {
    this.outside = (event) => this.open && !this.$refs.root.contains(event.target) && this.shut(false);
    // A new message or a picture that arrives moves the page under an open menu: the menu goes along.
    this.follow = () => this.open && this.put();
    document.addEventListener("mousedown", this.outside);
    document.addEventListener("scroll", this.follow, true);
  },
  unmounted() {
    document.removeEventListener("mousedown", this.outside);
    document.removeEventListener("scroll", this.follow, true);
  },
  methods: {
    toggle() {
      if (this.open) this.shut(true);
      else this.show();
    },
    put() {
      const box = this.$refs.button.getBoundingClientRect();
      const below = window.innerHeight - box.bottom;
      this.place = {
        left: `${Math.max(8, Math.min(box.left, window.innerWidth - 268))}px`,
        width: "260px",
        ...(below < 240 ? { bottom: `${window.innerHeight - box.top + 4}px` } : { top: `${box.bottom + 4}px` }),
      };
    },
    show() {
      this.put();
      this.open = true;
      this.$nextTick(() => this.items()[0]?.focus());
    },
    shut(back) {
      this.open = false;
      if (back) this.$refs.button.focus();
    },
    items() {
      return [...(this.$refs.menu?.querySelectorAll("[role=menuitem]") ?? [])];
    },
    choose(option) {
      this.shut(true);
      this.$emit("choose", { picked: [{ value: option.value }] });
    },
    key(event) {
      const items = this.items();
      const at = items.indexOf(document.activeElement);
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]?.focus();
      } else if (event.key === "Escape" || event.key === "Tab") {
        if (event.key === "Escape") event.preventDefault();
        event.stopPropagation();
        this.shut(event.key === "Escape");
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        items[at]?.click();
      }
    },
  },
};
