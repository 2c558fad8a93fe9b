"use strict";
// The project's own rules. Each has two names: the limit of one is a warning, that of the other an error.

const sentences = require("./sentences.js");
const terms = require("./terms.js");

module.exports = {
  rules: { "long-sentence": sentences, "very-long-sentence": sentences, "term": terms, "private-word": terms },
  rulesConfig: {
    "long-sentence": { max: 25, severity: "warning" },
    "very-long-sentence": { max: 35, severity: "error" },
    "term": { list: "terms", severity: "warning" },
    "private-word": { list: "privateWords", severity: "error" },
  },
};
