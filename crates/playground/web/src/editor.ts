// A text editor with line numbers and messages at the lines.

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

/** A message at the end of a line. Hidden from screen readers, because the list of verdicts repeats it. */
class LineMessage extends WidgetType {
  constructor(
    readonly level: Level,
    readonly text: string,
  ) {
    super();
  }
  override eq(other: LineMessage): boolean {
    return other.level === this.level && other.text === this.text;
  }
  override toDOM(): HTMLElement {
    const message = document.createElement("span");
    message.className = `line-message ${this.level}`;
    message.textContent = this.text;
    message.setAttribute("aria-hidden", "true");
    return message;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

interface MarkState {
  signs: RangeSet<Sign>;
  messages: DecorationSet;
}

const setMarks = StateEffect.define<Mark[]>();

const markField = StateField.define<MarkState>({
  create: () => ({ signs: RangeSet.empty, messages: Decoration.none }),
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) return createMarks(effect.value, transaction.state);
    }
    if (!transaction.docChanged) return value;
    return { signs: value.signs.map(transaction.changes), messages: value.messages.map(transaction.changes) };
  },
  provide: (field) => [
    EditorView.decorations.from(field, (value) => value.messages),
    gutter({ class: "cm-signs", markers: (view) => view.state.field(field).signs }),
  ],
});

function createMarks(marks: Mark[], state: EditorState): MarkState {
  const lines = new Map<number, Mark[]>();
  for (const mark of marks) {
    if (mark.line > state.doc.lines) continue;
    lines.set(mark.line, [...(lines.get(mark.line) ?? []), mark]);
  }
  const signs = new RangeSetBuilder<Sign>();
  const messages = new RangeSetBuilder<Decoration>();
  for (const [line, marksOnLine] of [...lines].sort(([a], [b]) => a - b)) {
    const { from, to } = state.doc.line(line);
    const worst = marksOnLine.reduce((a, b) => (LEVELS.indexOf(b.level) > LEVELS.indexOf(a.level) ? b : a));
    signs.add(from, from, new Sign(worst.level));
    messages.add(from, from, Decoration.line({ class: `marked ${worst.level}` }));
    const text = marksOnLine.length > 1 ? `${worst.text}  (+${marksOnLine.length - 1})` : worst.text;
    messages.add(to, to, Decoration.widget({ widget: new LineMessage(worst.level, text), side: 1 }));
  }
  return { signs: signs.finish(), messages: messages.finish() };
}

const highlightStyle = HighlightStyle.define([
  { tag: tags.definition(tags.propertyName), color: "var(--code-key)" },
  { tag: tags.propertyName, color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-atom)" },
  { tag: [tags.meta, tags.separator, tags.punctuation], color: "var(--code-mark)" },
  { tag: [tags.labelName, tags.typeName, tags.keyword], color: "var(--code-atom)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--ink)", backgroundColor: "var(--paper)" },
  "&.cm-focused": { outline: "none" },
  // Above the gutters and panels, which have opaque backgrounds.
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
  // The selection is drawn behind the lines, so line backgrounds must be translucent.
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
  ".marked.rejected, .marked.error": { backgroundColor: "var(--line-rejected)" },
  ".marked.mutated": { backgroundColor: "var(--line-mutated)" },
  ".marked.warning": { backgroundColor: "var(--line-warning)" },
  // A message that does not fit after its line wraps below it.
  ".line-message": {
    display: "inline-block",
    maxWidth: "calc(100% - 2.5ch)",
    whiteSpace: "normal",
    verticalAlign: "top",
    marginLeft: "2.5ch",
    fontFamily: "var(--sans)",
    fontSize: "12px",
    cursor: "default",
  },
  ".line-message.rejected, .line-message.error": { color: "var(--rejected)" },
  ".line-message.mutated": { color: "var(--mutated)" },
  ".line-message.warning": { color: "var(--warning)" },
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

/** The maximum length of a text with syntax highlighting. The parser would take seconds for longer ones. */
const MAX_HIGHLIGHTED_LENGTH = 150_000;

const language = new Compartment();

/** Turns syntax highlighting on and off as the length of the text changes, before the parser runs. */
const toggleHighlighting = EditorState.transactionExtender.of((transaction) => {
  if (!transaction.docChanged) return null;
  const isHighlighted = language.get(transaction.startState) === highlighted;
  const shouldHighlight = transaction.newDoc.length <= MAX_HIGHLIGHTED_LENGTH;
  if (isHighlighted === shouldHighlight) return null;
  return { effects: language.reconfigure(shouldHighlight ? highlighted : plain) };
});

const highlighted = [yaml(), syntaxHighlighting(highlightStyle)];
const plain: never[] = [];

export class Editor {
  readonly #pane: HTMLElement;
  readonly #label: string;
  readonly #onChange: () => void;
  /** Created when the editor is first shown, so that the page loads faster. */
  #view: EditorView | null = null;
  #text = "";
  #marks: Mark[] = [];

  constructor(pane: HTMLElement, label: string, onChange: () => void) {
    this.#pane = pane;
    this.#label = label;
    this.#onChange = onChange;
  }

  /** Creates the editor's view if necessary, and returns it. */
  reveal(): EditorView {
    if (!this.#view) {
      this.#view = this.#createView();
      this.mark(this.#marks);
    }
    return this.#view;
  }

  get text(): string {
    return this.#view ? this.#view.state.doc.toString() : this.#text;
  }

  /** Replaces the text. The user can undo this. */
  set text(text: string) {
    this.#text = text;
    this.#marks = [];
    this.#view?.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      effects: setMarks.of([]),
    });
  }

  /** Replaces the text and clears the undo history. */
  reset(text: string): void {
    this.#text = text;
    this.#marks = [];
    this.#view?.setState(this.#state());
  }

  mark(marks: Mark[]): void {
    this.#marks = marks;
    this.#view?.dispatch({ effects: setMarks.of(marks) });
  }

  /** Moves the cursor and the focus to a line. */
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

  /**
   * Creates the view in a shadow tree. There, CodeMirror uses adopted style sheets instead of a style element, which
   * the page's Content Security Policy forbids.
   */
  #createView(): EditorView {
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
        markField,
        history(),
        drawSelection(),
        // Keeps the message at the end of a long line visible.
        EditorView.lineWrapping,
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        search({ top: true }),
        language.of(this.#text.length <= MAX_HIGHLIGHTED_LENGTH ? highlighted : plain),
        toggleHighlighting,
        indentUnit.of("  "),
        EditorState.tabSize.of(2),
        theme,
        // Tab moves the focus out of the editor, as everywhere on a page.
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
        EditorView.contentAttributes.of({
          "aria-label": this.#label,
          tabindex: "0",
          spellcheck: "false",
          autocapitalize: "off",
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.#onChange();
        }),
      ],
    });
  }
}
