"use strict";
// Sentences have at most `max` words. Tables, code blocks and headings do not count; a piece of inline code is a word.

const { StringSource } = require("textlint-util-to-string");
const { splitAST, SentenceSplitterSyntax } = require("sentence-splitter");

const WORD = /[\p{L}\p{N}]/u;

module.exports = (context, { max }) => ({
  [context.Syntax.Paragraph](node) {
    for (const part of splitAST(node).children) {
      const words = part.type === SentenceSplitterSyntax.Sentence ? countWords(part) : 0;
      if (words > max) {
        const index = part.range[0] - node.range[0];
        context.report(node, new context.RuleError(`a sentence of ${words} words; at most ${max}`, { index }));
      }
    }
  },
});

function countWords(sentence) {
  const replacer = ({ node, maskValue }) => (node.type === "Code" ? maskValue("x") : undefined);
  const text = new StringSource(sentence, { replacer }).toString();
  return text.split(/\s+/).filter((word) => WORD.test(word)).length;
}
