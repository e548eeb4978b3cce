// The field one writes messages in: Enter sends, Shift+Enter breaks the line, the Enter that ends a Japanese
// composition does neither. Completes commands, people and channels; takes files from a button, a drop or a paste.
const plain = (text) => text.normalize("NFKC").toLowerCase();
const drafts = (globalThis.kkDrafts ??= new Map());
let count = 0;

export default {
  template: `
    <div class="kk-composer" :class="{ 'kk-busy': busy }">
      <div v-if="menu.length" class="kk-complete" role="listbox" :id="menuId" :aria-label="label" @mousedown.prevent>
        <div v-for="(each, index) in menu" :key="each.key" class="kk-list-option" role="option" :id="menuId + '-' + index"
             :class="{ 'kk-at': index === at }" :aria-selected="index === at ? 'true' : 'false'" :data-value="each.key"
             @mousemove="at = index" @click="complete(each)">
          <span class="kk-complete-name">{{ each.name }}</span>
          <span v-if="each.usage" class="kk-complete-usage">{{ each.usage }}</span>
          <span class="kk-complete-about">{{ each.about }}</span>
        </div>
      </div>
      <div v-else-if="usage" class="kk-complete kk-complete-hint" role="status">
        <span class="kk-complete-name">{{ usage.command }}</span>
        <span class="kk-complete-usage">{{ usage.usage_hint }}</span>
        <span class="kk-complete-about">{{ usage.description }}</span>
      </div>
      <div class="kk-composer-box" @mousedown="boxPressed">
        <div v-if="files.length" class="kk-attached" :aria-label="words.attached">
          <span v-for="(each, index) in files" :key="each.key" class="kk-attached-file" data-testid="attached-file">
            <img v-if="each.picture" :src="each.picture" alt="" />
            <span class="kk-attached-words">
              <span class="kk-file-name">{{ each.file.name }}</span>
              <small>{{ busy ? Math.round(each.progress * 100) + '%' : size(each.file.size) }}</small>
            </span>
            <button type="button" :aria-label="words.remove.replace('{name}', each.file.name)" @click="detach(index)">×</button>
            <span v-if="busy" class="kk-progress" :style="{ width: each.progress * 100 + '%' }"></span>
          </span>
        </div>
        <textarea ref="field" data-testid="composer" class="kk-composer-field" rows="1" :placeholder="placeholder"
                  :aria-label="label" aria-autocomplete="list" :aria-controls="menu.length ? menuId : undefined"
                  :aria-activedescendant="menu.length ? menuId + '-' + at : undefined"
                  v-model="text" @input="look" @click="look" @keydown="key" @paste="pasted" @blur="menu = []"></textarea>
        <div class="kk-composer-bar">
          <button type="button" class="kk-icon-button" :title="words.attach" :aria-label="words.attach" data-testid="attach"
                  @click="$refs.chooser.click()">
            <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M14.5 9.2 9.3 14.4a3.2 3.2 0 0 1-4.5-4.5l6-6a2.1 2.1 0 0 1 3 3l-5.7 5.7a1 1 0 0 1-1.5-1.5l5-5"/></svg>
          </button>
          <input ref="chooser" type="file" multiple hidden data-testid="file-input" @change="chosen" />
          <slot></slot>
          <span class="kk-composer-hint">{{ words.send_hint }}</span>
          <button type="button" class="kk-send" data-testid="send" :title="words.send" :aria-label="words.send"
                  :disabled="!ready" @click="send">
            <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 3.6 17.2 10 3 16.4l1.7-5L11 10 4.7 8.6z"/></svg>
          </button>
        </div>
      </div>
    </div>`,
  props: {
    label: String,
    placeholder: String,
    draftKey: String,
    uploadUrl: String,
    autofocus: Boolean,
    commands: { type: Array, default: () => [] },
    people: { type: Array, default: () => [] },
    channels: { type: Array, default: () => [] },
    words: Object,
  },
  emits: ["send", "fault"],
  data() {
    return {
      text: drafts.get(this.draftKey)?.text ?? "",
      files: drafts.get(this.draftKey)?.files ?? [],
      named: drafts.get(this.draftKey)?.named ?? {},
      menu: [],
      at: 0,
      usage: null,
      busy: false,
      menuId: `kk-complete-${++count}`,
    };
  },
  computed: {
    ready() {
      return !this.busy && (this.text.trim() !== "" || this.files.length > 0);
    },
  },
  watch: {
    text() {
      this.$nextTick(() => this.grow());
    },
  },
  mounted() {
    this.grow();
    // On a phone the keyboard would cover what one came to read.
    if (this.autofocus && matchMedia("(min-width: 720px)").matches && !globalThis.kkDialogs?.length) this.focus();
    this.zone = this.$el.closest("[data-drop]");
    this.over = 0;
    this.drag = (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      if (event.type === "dragenter") this.over += 1;
      if (event.type === "dragleave") this.over -= 1;
      if (event.type === "drop") {
        this.over = 0;
        this.attach(event.dataTransfer.files);
      }
      this.zone.classList.toggle("kk-dropping", this.over > 0);
    };
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) this.zone?.addEventListener(kind, this.drag);
  },
  unmounted() {
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) this.zone?.removeEventListener(kind, this.drag);
    if (this.text || this.files.length) drafts.set(this.draftKey, { text: this.text, files: this.files, named: this.named });
    else drafts.delete(this.draftKey);
  },
  methods: {
    focus() {
      this.$refs.field?.focus({ preventScroll: true });
    },
    boxPressed(event) {
      if (event.target.closest("button, textarea, input, .kk-menu")) return;
      event.preventDefault();
      this.focus();
    },
    grow() {
      const field = this.$refs.field;
      if (!field) return;
      field.style.height = "auto";
      field.style.height = `${Math.min(field.scrollHeight, 220)}px`;
    },
    size(bytes) {
      if (bytes < 1000) return `${bytes} B`;
      return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
    },
    look() {
      const field = this.$refs.field;
      const before = field.value.slice(0, field.selectionStart);
      this.menu = this.suggestions(before).slice(0, 8);
      this.at = 0;
      const word = /^(\/\S+)\s/.exec(field.value)?.[1];
      this.usage = (word && this.commands.find((each) => each.command === word)) || null;
    },
    suggestions(before) {
      const command = /^\/(\S*)$/.exec(before);
      if (command) {
        const wanted = plain(before);
        return this.commands
          .filter((each) => plain(each.command).startsWith(wanted))
          .map((each) => ({
            key: each.command, name: each.command, usage: each.usage_hint, about: each.description, whole: before, put: each.command,
          }));
      }
      const person = /(?:^|[^A-Za-z0-9.])@([^\s@]{0,20})$/.exec(before);
      if (person) {
        const wanted = plain(person[1]);
        return this.people
          .filter((each) => plain(`${each.name} ${each.login}`).includes(wanted))
          .map((each) => ({
            key: each.id, name: `@${each.name}`, about: each.title, whole: `@${person[1]}`, put: `@${each.name}`, code: `<@${each.id}>`,
          }));
      }
      const channel = /(?:^|\s)#([^\s#]{0,20})$/.exec(before);
      if (channel) {
        const wanted = plain(channel[1]);
        return this.channels
          .filter((each) => plain(each.name).includes(wanted))
          .map((each) => ({
            key: each.id, name: `#${each.name}`, about: each.topic, whole: `#${channel[1]}`, put: `#${each.name}`, code: `<#${each.id}>`,
          }));
      }
      return [];
    },
    complete(each) {
      const field = this.$refs.field;
      const caret = field.selectionStart;
      const start = caret - each.whole.length;
      const rest = this.text.slice(caret);
      const gap = rest.startsWith(" ") ? "" : " ";
      this.text = this.text.slice(0, start) + each.put + gap + rest;
      if (each.code) this.named[each.put] = each.code;
      this.menu = [];
      this.$nextTick(() => {
        const after = start + each.put.length + 1;
        field.focus();
        field.setSelectionRange(after, after);
        this.look();
      });
    },
    key(event) {
      // 229 is what browsers report for keys that an input method has taken; Safari reports it for the Enter that
      // ends a composition, after isComposing has already gone back to false.
      if (event.isComposing || event.keyCode === 229) return;
      if (this.menu.length) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) {
          event.preventDefault();
          this.at = (this.at + step + this.menu.length) % this.menu.length;
          return;
        }
        if (event.key === "Escape") {
          event.preventDefault();
          event.stopPropagation();
          this.menu = [];
          return;
        }
        const chosen = this.menu[this.at];
        const finished = chosen.put === chosen.whole && event.key === "Enter";
        if ((event.key === "Tab" || event.key === "Enter") && !event.shiftKey && !finished) {
          event.preventDefault();
          this.complete(chosen);
          return;
        }
      }
      if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        this.send();
      }
    },
    coded(text) {
      // The workspace does Slack's escaping itself; names that were chosen from a list go as ids.
      for (const name of Object.keys(this.named).sort((a, b) => b.length - a.length)) {
        text = text.replaceAll(name, this.named[name]);
      }
      return text;
    },
    async send() {
      if (!this.ready) return;
      const text = this.text.trim();
      const coded = this.coded(text);
      // What one sends comes into sight: in this conversation or thread, not in the other beside it.
      this.$el.closest(".kk-main, .kk-panel")?.querySelector(".kk-scroll")?.dispatchEvent(new CustomEvent("kk-latest"));
      if (this.files.length) {
        if (!(await this.sendFiles(coded))) return;
      } else {
        this.$emit("send", { text: coded, typed: this.text, named: { ...this.named } });
      }
      this.text = "";
      this.named = {};
      this.menu = [];
      this.usage = null;
      this.focus();
    },
    restore(typed, named) {
      if (this.text) return;
      this.text = typed;
      this.named = named ?? {};
    },
    attach(list) {
      for (const file of list) {
        const picture = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
        this.files.push({ file, picture, progress: 0, key: `${file.name}-${file.size}-${Math.random()}` });
      }
      this.focus();
    },
    detach(index) {
      const [gone] = this.files.splice(index, 1);
      if (gone?.picture) URL.revokeObjectURL(gone.picture);
      this.focus();
    },
    chosen(event) {
      this.attach(event.target.files);
      event.target.value = "";
    },
    pasted(event) {
      if (!event.clipboardData?.files?.length) return;
      event.preventDefault();
      this.attach(event.clipboardData.files);
    },
    async sendFiles(text) {
      this.busy = true;
      try {
        while (this.files.length) {
          await this.post(this.files[0], text);
          const [sent] = this.files.splice(0, 1);
          if (sent.picture) URL.revokeObjectURL(sent.picture);
          text = "";
        }
        return true;
      } catch (fault) {
        this.$emit("fault", String(fault.message ?? fault));
        return false;
      } finally {
        this.busy = false;
      }
    },
    post(each, text) {
      return new Promise((resolve, reject) => {
        const query = new URLSearchParams({ filename: each.file.name, text });
        const request = new XMLHttpRequest();
        request.open("POST", `${this.uploadUrl}&${query}`);
        request.setRequestHeader("Content-Type", "application/octet-stream");
        request.upload.onprogress = (event) => (each.progress = event.total ? event.loaded / event.total : 0);
        request.onload = () => {
          if (request.status < 300) return resolve();
          let words = `HTTP ${request.status}`;
          try {
            words = JSON.parse(request.responseText).error ?? words;
          } catch {
            // The answer was no JSON: the status has to do.
          }
          reject(new Error(words));
        };
        request.onerror = () => reject(new Error("network"));
        request.send(each.file);
      });
    },
  },
};
