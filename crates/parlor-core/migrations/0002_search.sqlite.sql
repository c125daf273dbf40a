-- The terms are normalised by the program, so the tokenizer only has to split at spaces. Account and article are terms of their own:
-- a search never walks the passages of other accounts, and an article is taken out without a walk.
create virtual table passages_search using fts5 (
  account, article, terms, passage_id unindexed, tokenize = 'unicode61 remove_diacritics 0'
);
