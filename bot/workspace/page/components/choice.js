// A select of any kind: single or multiple, from given options or asking the app while one types. Words with emoji
// come a second time as HTML that Python has made safe (textArt, hintArt, groupArt).
// More than these are not drawn at once: one types to find the others.
const DRAWN = 200;
const plain = (text) => text.normalize("NFKC").toLowerCase();
let count = 0;

export default {
  template: `
    <div class="kk-choice" :class="{ 'kk-open': open, 'kk-invalid': invalid, 'kk-many': multiple }" ref="root"
         :data-autofocus="autofocus || undefined" @mousedown="pressed">
      <span v-for="(each, index) in multiple ? picked : []" :key="each.value" class="kk-chip">
        <span v-if="each.textArt" v-html="each.textArt"></span><span v-else>{{ each.text }}</span>
        <button type="button" tabindex="-1" :aria-label="words.remove.replace('{name}', each.text)"
                @mousedown.stop.prevent @click.stop="drop(index)">×</button>
      </span>
      <input ref="input" :id="inputId" class="kk-choice-input" :class="{ 'kk-veiled': veil }" role="combobox" autocomplete="off" spellcheck="false"
             aria-autocomplete="list" :aria-expanded="open ? 'true' : 'false'" :aria-controls="open ? listId : undefined"
             :aria-activedescendant="open && at >= 0 ? listId + '-' + at : undefined"
             :aria-label="label || undefined" :aria-describedby="describedby || undefined"
             :aria-invalid="invalid ? 'true' : undefined" :aria-required="required ? 'true' : undefined"
             :data-block-id="blockId" :data-action-id="actionId" :data-value="picked.map((p) => p.value).join(',')"
             :placeholder="hint" :value="open ? query : shownText" @input="typed" @keydown="key" @blur="shut" />
      <span v-if="veil" class="kk-choice-veil" aria-hidden="true" v-html="veil"></span>
      <button v-if="clearable && picked.length && !multiple" type="button" class="kk-choice-clear" tabindex="-1"
              :aria-label="words.clear" @mousedown.stop.prevent @click.stop="clear">×</button>
      <span class="kk-choice-arrow" aria-hidden="true"></span>
      <div v-if="open" class="kk-list" :style="place" ref="list" @mousedown.stop.prevent>
        <div :id="listId" role="listbox" :aria-label="label || hint" :aria-multiselectable="multiple ? 'true' : undefined">
        <template v-for="(each, index) in shown" :key="index">
          <div v-if="each.group && each.group !== shown[index - 1]?.group" class="kk-list-group" role="presentation">
            <span v-if="each.groupArt" v-html="each.groupArt"></span><template v-else>{{ each.group }}</template>
          </div>
          <div class="kk-list-option" role="option" :id="listId + '-' + index" :data-value="each.value"
               :class="{ 'kk-at': index === at }" :aria-selected="has(each) ? 'true' : 'false'" :aria-disabled="full && !has(each) ? 'true' : undefined"
               @mousemove="at = index" @click="choose(each)">
            <span class="kk-list-words">
              <span v-if="each.textArt" v-html="each.textArt"></span><span v-else>{{ each.text }}</span>
              <small v-if="each.hintArt" v-html="each.hintArt"></small><small v-else-if="each.hint">{{ each.hint }}</small>
            </span>
            <span v-if="has(each)" class="kk-tick" aria-hidden="true">✓</span>
          </div>
        </template>
        </div>
        <div v-if="note" class="kk-list-note" role="status">{{ note }}</div>
      </div>
    </div>`,
  props: {
    inputId: String,
    label: String,
    describedby: String,
    options: { type: Array, default: () => [] },
    chosen: { type: Array, default: () => [] },
    multiple: Boolean,
    external: Boolean,
    minLength: { type: Number, default: 0 },
    max: Number,
    placeholder: String,
    blockId: String,
    actionId: String,
    invalid: Boolean,
    required: Boolean,
    autofocus: Boolean,
    clearable: Boolean,
    words: Object,
  },
  emits: ["choose", "search"],
  data() {
    return {
      listId: `kk-list-${++count}`,
      picked: [...this.chosen],
      open: false,
      query: "",
      at: -1,
      found: [],
      state: "idle",
      place: {},
    };
  },
  computed: {
    shownText() {
      return this.multiple ? "" : (this.picked[0]?.text ?? "");
    },
    // A text box cannot hold drawings: what is chosen lies over it with its emoji drawn.
    veil() {
      return this.open || this.multiple ? "" : (this.picked[0]?.textArt ?? "");
    },
    hint() {
      if (this.multiple && this.picked.length) return "";
      if (this.open && !this.multiple && this.picked.length) return this.picked[0].text;
      return this.placeholder || (this.external ? this.words.search_hint : this.words.choose);
    },
    fitting() {
      if (this.external) return this.state === "more" ? [] : this.found;
      const wanted = plain(this.query.trim());
      if (!wanted) return this.options;
      return this.options.filter((each) => plain(`${each.text} ${each.hint ?? ""}`).includes(wanted));
    },
    shown() {
      return this.fitting.slice(0, DRAWN);
    },
    full() {
      return this.multiple && !!this.max && this.picked.length >= this.max;
    },
    note() {
      if (this.external && this.state === "more") {
        return this.words.search_more.replace("{n}", this.minLength - [...this.query].length);
      }
      if (this.external && this.state === "asking" && !this.found.length) return this.words.searching;
      if (this.external && this.state === "asking") return "";
      if (this.full) return this.words.full.replace("{n}", this.max);
      if (this.fitting.length > DRAWN) return this.words.narrow.replace("{n}", this.fitting.length - DRAWN);
      return this.shown.length ? "" : this.words.no_result;
    },
  },
  mounted() {
    this.follow = () => this.open && this.put();
    window.addEventListener("resize", this.follow);
    document.addEventListener("scroll", this.follow, true);
  },
  unmounted() {
    clearTimeout(this.waiting);
    window.removeEventListener("resize", this.follow);
    document.removeEventListener("scroll", this.follow, true);
  },
  methods: {
    has(option) {
      return this.picked.some((each) => each.value === option.value);
    },
    pressed(event) {
      if (event.target !== this.$refs.input) event.preventDefault();
      this.$refs.input.focus();
      if (this.open && event.target !== this.$refs.input) this.shut();
      else this.show();
    },
    show() {
      if (this.open) return;
      this.open = true;
      this.query = "";
      this.put();
      if (this.external) this.ask(0);
      else this.at = Math.max(0, this.shown.findIndex((each) => this.has(each)));
      this.$nextTick(() => this.reveal());
    },
    shut() {
      this.open = false;
      this.query = "";
      this.at = -1;
      clearTimeout(this.waiting);
    },
    put() {
      // The list is fixed to the window, so that no scrolling ancestor cuts it off.
      const box = this.$refs.root.getBoundingClientRect();
      const below = window.innerHeight - box.bottom - 12;
      const up = below < 220 && box.top > below;
      const width = Math.min(Math.max(box.width, 260), window.innerWidth - 16);
      this.place = {
        left: `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px`,
        width: `${width}px`,
        maxHeight: `${Math.max(140, Math.min(340, up ? box.top - 12 : below))}px`,
        ...(up ? { bottom: `${window.innerHeight - box.top + 4}px` } : { top: `${box.bottom + 4}px` }),
      };
    },
    typed(event) {
      const text = event.target.value;
      if (!this.open) this.show();
      this.query = text;
      if (this.external) this.ask(150);
      else this.at = this.shown.length ? 0 : -1;
    },
    ask(delay) {
      clearTimeout(this.waiting);
      if ([...this.query].length < this.minLength) {
        this.state = "more";
        this.found = [];
        this.at = -1;
        return;
      }
      this.state = "asking";
      const query = this.query;
      this.waiting = setTimeout(() => {
        this.seq = (this.seq ?? 0) + 1;
        this.$emit("search", { query, seq: this.seq });
      }, delay);
    },
    answer(seq, options) {
      if (seq !== this.seq || this.state !== "asking") return;
      this.found = options;
      this.state = "idle";
      this.at = options.length ? 0 : -1;
      this.$nextTick(() => this.reveal());
    },
    reveal() {
      this.$refs.list?.querySelector(".kk-at")?.scrollIntoView({ block: "nearest" });
    },
    choose(option) {
      const kept = { value: option.value, text: option.text, textArt: option.textArt };
      if (!this.multiple) {
        this.picked = [kept];
        this.shut();
      } else if (this.has(option)) {
        this.picked = this.picked.filter((each) => each.value !== option.value);
      } else if (!this.max || this.picked.length < this.max) {
        this.picked = [...this.picked, kept];
        this.query = "";
        if (this.external) this.ask(0);
      }
      this.$nextTick(() => this.open && this.put());
      this.tell();
    },
    drop(index) {
      this.picked = this.picked.filter((_, each) => each !== index);
      this.tell();
    },
    // The person did not confirm: what was there before stands there again.
    reset(chosen) {
      this.picked = chosen;
    },
    clear() {
      this.picked = [];
      this.shut();
      this.$refs.input.focus();
      this.tell();
    },
    tell() {
      this.$emit("choose", { picked: this.picked });
    },
    key(event) {
      if (event.isComposing || event.keyCode === 229) return;
      const last = this.shown.length - 1;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!this.open) return this.show();
        const step = event.key === "ArrowDown" ? 1 : -1;
        this.at = last < 0 ? -1 : (this.at + step + last + 1) % (last + 1);
        this.$nextTick(() => this.reveal());
      } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        if (!this.open) this.show();
        else if (this.at >= 0 && this.shown[this.at]) this.choose(this.shown[this.at]);
      } else if (event.key === "Escape" && this.open) {
        event.preventDefault();
        event.stopPropagation();
        this.shut();
      } else if (event.key === "Backspace" && this.multiple && !event.target.value && this.picked.length) {
        this.drop(this.picked.length - 1);
      } else if (event.key === "Backspace" && !this.multiple && !this.open && this.picked.length && this.clearable) {
        event.preventDefault();
        this.clear();
      }
    },
  },
};
