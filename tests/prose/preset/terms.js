"use strict";
// Words to avoid, from a list of terms.json: expressions that readers did not understand, and spellings of names.

const LISTS = require("./terms.json");

module.exports = (context, { list }) => ({
  [context.Syntax.Str](node) {
    const text = context.getSource(node);
    for (const { words, use } of LISTS[list]) {
      for (const found of text.matchAll(new RegExp(`(?<![\\w-])(?:${words})(?![\\w-])`, "gu"))) {
        context.report(node, new context.RuleError(`"${found[0]}": ${use}`, { index: found.index }));
      }
    }
  },
});
