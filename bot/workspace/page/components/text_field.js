// A field one types into: text of one or several lines, numbers, addresses, dates and times. What was typed lives in
// the browser and is told to Python letter by letter; nothing that Python draws later takes it away again.
const TYPES = { date: "date", time: "time", datetime: "datetime-local", email: "email", url: "url" };
const MODES = { number: "decimal", email: "email", url: "url" };

export default {
  template: `
    <div class="kk-typing" :class="['kk-typing-' + kind, { 'kk-invalid': invalid || tooLong }]"
         :data-autofocus="autofocus || undefined">
      <textarea v-if="kind === 'multiline'" ref="field" v-bind="shared" :value="value" rows="4" @input="typed"
                @keydown="key"></textarea>
      <input v-else ref="field" v-bind="shared" :type="type" :inputmode="mode" :value="value" @input="typed"
             @change="typed" @keydown="key" />
      <span v-if="nearLimit" class="kk-count" :class="{ 'kk-over': tooLong }" aria-hidden="true">{{ length }} / {{ maxLength }}</span>
    </div>`,
  props: {
    kind: String,
    inputId: String,
    label: String,
    describedby: String,
    initial: String,
    placeholder: String,
    blockId: String,
    actionId: String,
    maxLength: Number,
    dispatch: { type: Array, default: () => [] },
    invalid: Boolean,
    required: Boolean,
    autofocus: Boolean,
  },
  emits: ["typed", "dispatch"],
  data() {
    return { value: this.initial ?? "" };
  },
  computed: {
    // Addresses are typed in plain text fields: the browser's own checks would speak a second language to people.
    type() {
      return ["date", "time", "datetime"].includes(this.kind) ? TYPES[this.kind] : "text";
    },
    mode() {
      return MODES[this.kind];
    },
    length() {
      return [...this.value].length;
    },
    // A count under every empty field is noise: it is shown where the room gets short.
    nearLimit() {
      return (this.kind === "multiline" || this.kind === "line") && !!this.maxLength && this.length >= this.maxLength * 0.8;
    },
    tooLong() {
      return !!this.maxLength && this.length > this.maxLength;
    },
    shared() {
      return {
        id: this.inputId,
        class: "kk-typing-input",
        placeholder: this.placeholder || undefined,
        autocomplete: "off",
        "aria-label": this.label || undefined,
        "aria-describedby": this.describedby || undefined,
        "aria-invalid": this.invalid ? "true" : undefined,
        "aria-required": this.required ? "true" : undefined,
        "data-block-id": this.blockId,
        "data-action-id": this.actionId,
      };
    },
  },
  mounted() {
    this.grow();
  },
  unmounted() {
    clearTimeout(this.waiting);
  },
  methods: {
    typed(event) {
      if (event.type === "change" && event.target.value === this.value) return;
      this.value = event.target.value;
      this.grow();
      this.$emit("typed", this.value);
      if (this.dispatch.includes("on_character_entered")) {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(() => this.$emit("dispatch", this.value), 250);
      }
      // A date is whole at every digit one types: the app hears of the one that stays.
      if (this.dispatch.includes("on_change")) {
        this.pending = true;
        clearTimeout(this.waiting);
        this.waiting = setTimeout(this.flush, 400);
      }
    },
    flush() {
      if (!this.pending) return;
      this.pending = false;
      clearTimeout(this.waiting);
      this.$emit("dispatch", this.value);
    },
    // The person did not confirm: what was there before stands there again.
    reset(value) {
      this.value = value;
      if (this.$refs.field) this.$refs.field.value = value;
    },
    key(event) {
      if (event.isComposing || event.keyCode === 229 || event.key !== "Enter") return;
      if (event.ctrlKey || event.metaKey || (this.kind === "multiline" && !event.shiftKey)) return;
      this.flush();
      if (this.dispatch.includes("on_enter_pressed")) {
        event.preventDefault();
        this.$emit("dispatch", this.value);
      } else if (this.kind !== "multiline") {
        event.preventDefault();
      }
    },
    grow() {
      const field = this.$refs.field;
      if (this.kind !== "multiline" || !field) return;
      field.style.height = "auto";
      field.style.height = `${Math.min(field.scrollHeight + 2, 360)}px`;
    },
  },
};
