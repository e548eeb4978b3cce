// A rich_text_input: a small editor whose content is told to Python as a rich_text block.
const ADDRESS = /https?:\/\/[^\s<>"'`、。「」『』（）]+/g;
const PARTS = { BLOCKQUOTE: "rich_text_quote", PRE: "rich_text_preformatted" };
const STYLES = { B: "bold", STRONG: "bold", I: "italic", EM: "italic", S: "strike", STRIKE: "strike", DEL: "strike", CODE: "code" };

export default {
  template: `
    <div class="kk-rich-field" :class="{ 'kk-invalid': invalid }" :data-autofocus="autofocus || undefined">
      <div class="kk-rich-bar" role="toolbar" :aria-label="label || undefined" @mousedown.prevent @keydown="walk">
        <button type="button" :aria-label="words.bold" :title="words.bold" @click="run('bold')"><b>B</b></button>
        <button type="button" tabindex="-1" :aria-label="words.italic" :title="words.italic" @click="run('italic')"><i>I</i></button>
        <button type="button" tabindex="-1" :aria-label="words.strike" :title="words.strike" @click="run('strikeThrough')"><s>S</s></button>
        <button type="button" tabindex="-1" :aria-label="words.code" :title="words.code" @click="code"><code>&lt;&gt;</code></button>
        <button type="button" tabindex="-1" :aria-label="words.list" :title="words.list" @click="run('insertUnorderedList')">•</button>
        <button type="button" tabindex="-1" :aria-label="words.numbers" :title="words.numbers" @click="run('insertOrderedList')">1.</button>
        <button type="button" tabindex="-1" :aria-label="words.quote" :title="words.quote" @click="quote">❝</button>
      </div>
      <div ref="field" class="kk-rich-input" :id="inputId" contenteditable="true" role="textbox" aria-multiline="true"
           :aria-label="label || undefined" :aria-describedby="describedby || undefined"
           :aria-invalid="invalid ? 'true' : undefined" :aria-required="required ? 'true' : undefined"
           :data-block-id="blockId" :data-action-id="actionId" :data-placeholder="placeholder" @input="tell" @paste="pasted"></div>
    </div>`,
  props: {
    inputId: String,
    label: String,
    describedby: String,
    initialHtml: String,
    placeholder: String,
    blockId: String,
    actionId: String,
    invalid: Boolean,
    required: Boolean,
    autofocus: Boolean,
    words: Object,
  },
  emits: ["written"],
  mounted() {
    // The initial HTML was made by Python from a rich_text block and carries only tags of its own.
    this.$refs.field.innerHTML = this.initialHtml ?? "";
  },
  methods: {
    run(command, value) {
      this.$refs.field.focus();
      document.execCommand(command, false, value);
      this.tell();
    },
    // One stop for Tab; the arrows walk from button to button, as in every toolbar.
    walk(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const buttons = [...event.currentTarget.querySelectorAll("button")];
      const at = buttons.indexOf(document.activeElement);
      const next = buttons[(at + step + buttons.length) % buttons.length];
      buttons.forEach((each) => (each.tabIndex = each === next ? 0 : -1));
      next.focus();
    },
    code() {
      const field = this.$refs.field;
      field.focus();
      const range = getSelection().getRangeAt(0);
      const around = range.commonAncestorContainer;
      const inside = (around.nodeType === Node.ELEMENT_NODE ? around : around.parentElement).closest("code");
      if (inside && field.contains(inside)) {
        inside.replaceWith(...inside.childNodes);
      } else if (!range.collapsed) {
        const code = document.createElement("code");
        code.textContent = range.toString();
        range.deleteContents();
        range.insertNode(code);
        getSelection().selectAllChildren(code);
      }
      this.tell();
    },
    quote() {
      const at = getSelection().anchorNode;
      const quoted = (at?.nodeType === Node.ELEMENT_NODE ? at : at?.parentElement)?.closest(".kk-rich-input blockquote");
      this.run("formatBlock", quoted ? "div" : "blockquote");
    },
    pasted(event) {
      event.preventDefault();
      document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
    },
    tell() {
      const block = this.read();
      this.$emit("written", { block, empty: this.$refs.field.innerText.trim() === "" });
    },
    read() {
      const parts = [];
      let section = null;
      const put = (element) => {
        if (!section) parts.push((section = { type: "rich_text_section", elements: [] }));
        const last = section.elements.at(-1);
        const same = last?.type === "text" && element.type === "text" && JSON.stringify(last.style) === JSON.stringify(element.style);
        if (same) last.text += element.text;
        else section.elements.push(element);
      };
      const walk = (node, style) => {
        const styled = Object.keys(style).length ? { style } : {};
        if (node.nodeType === Node.TEXT_NODE) {
          const text = node.textContent.replaceAll("\u00a0", " ");
          let at = 0;
          for (const found of style.code ? [] : text.matchAll(ADDRESS)) {
            if (found.index > at) put({ type: "text", text: text.slice(at, found.index), ...styled });
            put({ type: "link", url: found[0], ...styled });
            at = found.index + found[0].length;
          }
          if (at < text.length) put({ type: "text", text: text.slice(at), ...styled });
          return;
        }
        if (node.dataset?.element) return put(JSON.parse(node.dataset.element));
        if (node.tagName === "BR") return put({ type: "text", text: "\n" });
        if (node.tagName === "UL" || node.tagName === "OL") {
          const list = { type: "rich_text_list", style: node.tagName === "OL" ? "ordered" : "bullet", indent: Number(node.dataset.indent ?? 0), elements: [] };
          for (const item of node.children) {
            section = { type: "rich_text_section", elements: [] };
            list.elements.push(section);
            item.childNodes.forEach((each) => walk(each, style));
          }
          section = null;
          parts.push(list);
          return;
        }
        if (PARTS[node.tagName]) {
          parts.push((section = { type: PARTS[node.tagName], elements: [] }));
          node.childNodes.forEach((each) => walk(each, {}));
          section = null;
          return;
        }
        if (node.tagName === "A" && node.href) return put({ type: "link", url: node.href, text: node.textContent });
        const own = STYLES[node.tagName];
        const line = node.tagName === "DIV" || node.tagName === "P";
        if (line && section?.elements.length) put({ type: "text", text: "\n" });
        node.childNodes.forEach((each) => walk(each, own ? { ...style, [own]: true } : style));
      };
      this.$refs.field.childNodes.forEach((each) => walk(each, {}));
      if (!parts.length) parts.push({ type: "rich_text_section", elements: [] });
      return { type: "rich_text", elements: parts };
    },
  },
};
