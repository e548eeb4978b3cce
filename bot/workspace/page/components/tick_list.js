// Checkboxes or radio buttons. The words of the options arrive as HTML that Python has made safe.
export default {
  template: `
    <div class="kk-ticks" :role="multiple ? 'group' : 'radiogroup'" :aria-label="label || undefined"
         :aria-labelledby="labelledby || undefined" :aria-describedby="describedby || undefined"
         :aria-required="required && !multiple ? 'true' : undefined" :data-autofocus="autofocus || undefined">
      <label v-for="(each, index) in options" :key="each.value" class="kk-tick-row">
        <input :type="multiple ? 'checkbox' : 'radio'" :name="name" :value="each.value" :checked="held.includes(each.value)"
               :data-block-id="blockId" :data-action-id="actionId" :data-value="each.value"
               :aria-invalid="invalid ? 'true' : undefined" @change="ticked(each.value, $event)" />
        <span><span v-html="each.text"></span><small v-if="each.hint" v-html="each.hint"></small></span>
      </label>
    </div>`,
  props: {
    options: Array,
    chosen: { type: Array, default: () => [] },
    multiple: Boolean,
    name: String,
    label: String,
    labelledby: String,
    describedby: String,
    blockId: String,
    actionId: String,
    invalid: Boolean,
    required: Boolean,
    autofocus: Boolean,
  },
  emits: ["choose"],
  data() {
    return { held: [...this.chosen] };
  },
  methods: {
    // The person did not confirm: what was there before stands there again.
    reset(values) {
      this.held = values;
      for (const input of this.$el.querySelectorAll("input")) input.checked = values.includes(input.value);
    },
    ticked(value, event) {
      if (!this.multiple) this.held = [value];
      else if (event.target.checked) this.held = [...this.held, value];
      else this.held = this.held.filter((each) => each !== value);
      const order = this.options.map((each) => each.value);
      this.held = order.filter((each) => this.held.includes(each));
      this.$emit("choose", { picked: this.held.map((each) => ({ value: each })) });
    },
  },
};
