// A text with line numbers, and what is said of its lines beside them.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, RangeSet, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  gutter,
  GutterMarker,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  WidgetType,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

import { type Level, LEVELS, type Mark } from "./protocol";

const SIGNS: Record<Level, string> = { warning: "!", mutated: "±", rejected: "×", error: "×" };

class Sign extends GutterMarker {
  constructor(readonly level: Level) {
    super();
  }
  override eq(other: Sign): boolean {
    return other.level === this.level;
  }
  override toDOM(): Node {
    const sign = document.createElement("span");
    sign.className = `sign ${this.level}`;
    sign.textContent = SIGNS[this.level];
    return sign;
  }
}

/** What is said of a line, at its end. The list of verdicts says it too, for those who cannot see this. */
class Remark extends WidgetType {
  constructor(
    readonly level: Level,
    readonly text: string,
  ) {
    super();
  }
  override eq(other: Remark): boolean {
    return other.level === this.level && other.text === this.text;
  }
  override toDOM(): HTMLElement {
    const remark = document.createElement("span");
    remark.className = `remark ${this.level}`;
    remark.textContent = this.text;
    remark.setAttribute("aria-hidden", "true");
    return remark;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

interface Marked {
  signs: RangeSet<Sign>;
  remarks: DecorationSet;
}

const setMarks = StateEffect.define<Mark[]>();

const marked = StateField.define<Marked>({
  create: () => ({ signs: RangeSet.empty, remarks: Decoration.none }),
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) return place(effect.value, transaction.state);
    }
    if (!transaction.docChanged) return value;
    return { signs: value.signs.map(transaction.changes), remarks: value.remarks.map(transaction.changes) };
  },
  provide: (field) => [
    EditorView.decorations.from(field, (value) => value.remarks),
    gutter({ class: "cm-signs", markers: (view) => view.state.field(field).signs }),
  ],
});

function place(marks: Mark[], state: EditorState): Marked {
  const lines = new Map<number, Mark[]>();
  for (const mark of marks) {
    if (mark.line > state.doc.lines) continue;
    lines.set(mark.line, [...(lines.get(mark.line) ?? []), mark]);
  }
  const signs = new RangeSetBuilder<Sign>();
  const remarks = new RangeSetBuilder<Decoration>();
  for (const [line, on] of [...lines].sort(([a], [b]) => a - b)) {
    const { from, to } = state.doc.line(line);
    const worst = on.reduce((a, b) => (LEVELS.indexOf(b.level) > LEVELS.indexOf(a.level) ? b : a));
    signs.add(from, from, new Sign(worst.level));
    remarks.add(from, from, Decoration.line({ class: `said ${worst.level}` }));
    const text = on.length > 1 ? `${worst.text}  (+${on.length - 1})` : worst.text;
    remarks.add(to, to, Decoration.widget({ widget: new Remark(worst.level, text), side: 1 }));
  }
  return { signs: signs.finish(), remarks: remarks.finish() };
}

const colours = HighlightStyle.define([
  { tag: tags.definition(tags.propertyName), color: "var(--code-key)" },
  { tag: tags.propertyName, color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-atom)" },
  { tag: [tags.meta, tags.separator, tags.punctuation], color: "var(--code-mark)" },
  { tag: [tags.labelName, tags.typeName, tags.keyword], color: "var(--code-atom)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--ink)", backgroundColor: "var(--paper)" },
  "&.cm-focused": { outline: "none" },
  // Above the gutters and panels, which have no see-through ground.
  "&.cm-focused::after": {
    content: '""',
    position: "absolute",
    inset: "0",
    zIndex: "301",
    border: "2px solid var(--accent)",
    pointerEvents: "none",
  },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { padding: "10px 0 60px", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 16px 0 6px" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--faint)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 4px 0 14px", minWidth: "34px" },
  // What is selected is drawn behind the lines and has to shine through.
  ".cm-activeLine": { backgroundColor: "var(--line-active)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection) !important",
  },
  ".cm-signs": { width: "20px" },
  ".sign": {
    display: "inline-block",
    width: "16px",
    textAlign: "center",
    fontWeight: "700",
  },
  ".sign.rejected, .sign.error": { color: "var(--rejected)" },
  ".sign.mutated": { color: "var(--mutated)" },
  ".sign.warning": { color: "var(--warning)" },
  ".said.rejected, .said.error": { backgroundColor: "var(--line-rejected)" },
  ".said.mutated": { backgroundColor: "var(--line-mutated)" },
  ".said.warning": { backgroundColor: "var(--line-warning)" },
  // What does not fit beside its line comes below it.
  ".remark": {
    display: "inline-block",
    maxWidth: "calc(100% - 2.5ch)",
    whiteSpace: "normal",
    verticalAlign: "top",
    marginLeft: "2.5ch",
    fontFamily: "var(--sans)",
    fontSize: "12px",
    cursor: "default",
  },
  ".remark.rejected, .remark.error": { color: "var(--rejected)" },
  ".remark.mutated": { color: "var(--mutated)" },
  ".remark.warning": { color: "var(--warning)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--ink)", borderColor: "var(--rule)" },
  ".cm-panel.cm-search": { padding: "6px 10px", fontFamily: "var(--sans)" },
  ".cm-textfield": { backgroundColor: "var(--paper)", border: "1px solid var(--rule)", color: "var(--ink)" },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--paper)",
    border: "1px solid var(--rule)",
    color: "var(--ink)",
  },
  ".cm-searchMatch": { backgroundColor: "var(--line-warning)", outline: "1px solid var(--warning)" },
  ".cm-selectionMatch": { backgroundColor: "var(--line-active)" },
});

/** Above so many characters a text is shown without colours: the parser would be at work for seconds. */
const MOST_COLOURED = 150_000;

const language = new Compartment();

/** Takes the language away and brings it back as the text grows and shrinks, before the parser begins. */
const asLongAs = EditorState.transactionExtender.of((transaction) => {
  if (!transaction.docChanged) return null;
  const is = language.get(transaction.startState) === coloured;
  const should = transaction.newDoc.length <= MOST_COLOURED;
  return is === should ? null : { effects: language.reconfigure(should ? coloured : plain) };
});

const coloured = [yaml(), syntaxHighlighting(colours)];
const plain: never[] = [];

export class Editor {
  readonly #pane: HTMLElement;
  readonly #label: string;
  readonly #changed: () => void;
  /** Made when it is first looked at: the page is there the sooner. */
  #view: EditorView | null = null;
  #text = "";
  #marks: Mark[] = [];

  constructor(pane: HTMLElement, label: string, changed: () => void) {
    this.#pane = pane;
    this.#label = label;
    this.#changed = changed;
  }

  /** Sees to it that the editor is there; returned is its view. */
  reveal(): EditorView {
    if (!this.#view) {
      this.#view = this.#make();
      this.mark(this.#marks);
    }
    return this.#view;
  }

  get text(): string {
    return this.#view ? this.#view.state.doc.toString() : this.#text;
  }

  /** Puts a text in place of the other, which can be undone. */
  set text(text: string) {
    this.#text = text;
    this.#marks = [];
    this.#view?.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      effects: setMarks.of([]),
    });
  }

  /** Begins anew with a text: what was typed before is another's, and is not undone here. */
  begin(text: string): void {
    this.#text = text;
    this.#marks = [];
    this.#view?.setState(this.#state());
  }

  mark(marks: Mark[]): void {
    this.#marks = marks;
    this.#view?.dispatch({ effects: setMarks.of(marks) });
  }

  /** Goes to a line, for those who look and for those who listen. */
  show(line: number): void {
    const view = this.reveal();
    const { doc } = view.state;
    const { from } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    view.dispatch({
      selection: { anchor: from },
      effects: EditorView.scrollIntoView(from, { y: "center" }),
    });
    view.focus();
  }

  /** The editor stands in a shadow tree: there its styles are adopted, where the page's policy forbids a style element. */
  #make(): EditorView {
    const root = this.#pane.attachShadow({ mode: "open" });
    const host = document.createElement("div");
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(":host { display: block } :host([hidden]) { display: none } div.host { height: 100% }");
    root.adoptedStyleSheets = [sheet];
    host.className = "host";
    root.append(host);
    return new EditorView({ parent: host, root, state: this.#state() });
  }

  #state(): EditorState {
    return EditorState.create({
      doc: this.#text,
      extensions: [
        lineNumbers(),
        marked,
        history(),
        drawSelection(),
        // Also for what is said of a long line, which nobody would find at its end.
        EditorView.lineWrapping,
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        search({ top: true }),
        language.of(this.#text.length <= MOST_COLOURED ? coloured : plain),
        asLongAs,
        indentUnit.of("  "),
        EditorState.tabSize.of(2),
        look,
        // Tab leaves the editor, as anywhere on a page.
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
        EditorView.contentAttributes.of({
          "aria-label": this.#label,
          tabindex: "0",
          spellcheck: "false",
          autocapitalize: "off",
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.#changed();
        }),
      ],
    });
  }
}
