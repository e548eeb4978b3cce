// A file_input of a modal: files are stored at once, the form carries their ids.
export default {
  template: `
    <div class="kk-filing" :class="{ 'kk-invalid': invalid, 'kk-over': over }" :data-autofocus="autofocus || undefined"
         @dragover.prevent.stop="over = true" @dragleave="over = false" @drop.prevent.stop="dropped">
      <div v-for="(each, index) in held" :key="each.id" class="kk-attached-file" data-testid="attached-file">
        <span class="kk-attached-words"><span class="kk-file-name">{{ each.name }}</span></span>
        <button type="button" :aria-label="words.remove.replace('{name}', each.name)" @click="drop(index)">×</button>
      </div>
      <label v-if="held.length < max" class="kk-filing-zone">
        <input type="file" class="kk-filing-input" :id="inputId" :multiple="max > 1" :accept="accept || undefined"
               :data-block-id="blockId" :data-action-id="actionId" :aria-label="label || undefined"
               :aria-describedby="describedby || undefined" :aria-invalid="invalid ? 'true' : undefined" @change="picked" />
        <span>{{ busy ? words.uploading : words.drop_or }} <b v-if="!busy">{{ words.choose_file }}</b></span>
      </label>
      <p v-if="fault" class="kk-error" role="alert">{{ fault }}</p>
    </div>`,
  props: {
    inputId: String,
    label: String,
    describedby: String,
    initial: { type: Array, default: () => [] },
    max: { type: Number, default: 10 },
    accept: String,
    uploadUrl: String,
    blockId: String,
    actionId: String,
    invalid: Boolean,
    autofocus: Boolean,
    words: Object,
  },
  emits: ["files"],
  data() {
    return { held: [...this.initial], busy: false, over: false, fault: "" };
  },
  methods: {
    dropped(event) {
      this.over = false;
      this.take([...event.dataTransfer.files]);
    },
    picked(event) {
      this.take([...event.target.files]);
      event.target.value = "";
    },
    async take(files) {
      this.fault = "";
      if (this.held.length + files.length > this.max) {
        this.fault = this.words.file_too_many.replace("{n}", this.max);
        files = files.slice(0, this.max - this.held.length);
      }
      this.busy = true;
      try {
        for (const file of files) {
          const query = new URLSearchParams({ filename: file.name });
          const answer = await fetch(`${this.uploadUrl}&${query}`, {
            method: "POST",
            headers: { "Content-Type": "application/octet-stream" },
            body: file,
          });
          const told = await answer.json();
          if (!answer.ok) throw new Error(told.error ?? `HTTP ${answer.status}`);
          this.held = [...this.held, { id: told.id, name: file.name }];
          this.$emit("files", { held: this.held });
        }
      } catch (fault) {
        this.fault = fault.message;
      } finally {
        this.busy = false;
      }
    },
    drop(index) {
      this.held = this.held.filter((_, each) => each !== index);
      this.$emit("files", { held: this.held });
    },
  },
};
