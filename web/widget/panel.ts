import('../shared/i18n/de.ts').then((m) => document.body.append(m.default.hi));
