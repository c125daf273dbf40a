import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { ownFile, upload } from '../../api.ts';
import { fill, LANGUAGES, words, type LanguageCode } from '../../i18n/index.ts';
import { Button, Card, Field, Icon, IconButton, Menu, Select, TextArea, TextField, why } from '../../ui/index.ts';
import { FormOf, useForm } from '../kit.tsx';
import type { ChannelSettings } from '../wire.ts';
import { words as own } from '../words.ts';
import type { Part } from './index.tsx';
import { saveSettings, type SettingsChange } from './save.ts';

const SWATCHES = ['#175cd3', '#0f766e', '#15803d', '#b45309', '#c2410c', '#be123c', '#7e22ce', '#1f2937'];
const CODES = Object.keys(LANGUAGES) as LanguageCode[];

interface Draft extends Pick<ChannelSettings, 'primary_color' | 'position' | 'greeting' | 'language'> {
  title: string;
  translations: Partial<Record<LanguageCode, { greeting: string; title: string }>>;
  /** The picture that is shown. */
  logo_url: string | null;
  /** Undefined: as it is. */
  logo_upload_id: string | null | undefined;
}

function drafted({ primary_color, position, greeting, language, title, translations, logo_url }: ChannelSettings): Draft {
  const whole = Object.entries(translations).map(([code, { greeting = '', title = '' }]) => [code, { greeting, title }]);
  return { primary_color, position, greeting, language, title: title ?? '', translations: Object.fromEntries(whole), logo_url, logo_upload_id: undefined };
}

function change({ title, translations, logo_url: _, logo_upload_id, ...rest }: Draft): SettingsChange {
  const given = Object.entries(translations).map(([code, texts]) => [code, Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim()))]);
  return {
    ...rest,
    title: title.trim() || null,
    translations: Object.fromEntries(given.filter(([, texts]) => Object.keys(texts as object).length)),
    ...(logo_upload_id !== undefined && { logo_upload_id }),
  };
}

export function Appearance({ channel, locked, changed }: Part) {
  const s = own.value;
  const form = useForm(drafted(channel.settings));
  const { draft, set } = form;
  const send = async () => {
    const saved = await saveSettings(channel, form, change);
    if (!saved) return;
    form.keep(drafted(saved.settings));
    changed(saved);
  };
  const translate = (code: LanguageCode, texts: { greeting: string; title: string } | null) => {
    const { [code]: _, ...others } = draft.translations;
    set({ translations: texts ? { ...others, [code]: texts } : others });
  };
  const missing = CODES.filter((code) => !draft.translations[code]);
  const positions = [
    { value: 'bottom-right', label: s.bottomRight },
    { value: 'bottom-left', label: s.bottomLeft },
  ];
  const languages = [{ value: 'auto', label: s.languageVisitors }, ...CODES.map((value) => ({ value: value as string, label: LANGUAGES[value] }))];
  return (
    <Card title={s.tabAppearance}>
      <FormOf form={form} send={() => void send()} locked={locked}>
        <Colour value={draft.primary_color} error={form.error('primary_color')} onValue={(primary_color) => set({ primary_color })} />
        <Logo url={draft.logo_url} error={form.error('logo_upload_id')} locked={locked} onLogo={(logo_url, logo_upload_id) => set({ logo_url, logo_upload_id })} />
        <div class="form-row">
          <TextField label={s.widgetTitle} hint={fill(s.widgetTitleHint, { name: channel.name })} value={draft.title} onValue={(title) => set({ title })} error={form.error('title')} maxLength={60} dir="auto" />
          <Select label={s.position} value={draft.position} onValue={(position) => set({ position: position as Draft['position'] })} options={positions} />
        </div>
        <TextArea label={s.greeting} hint={s.greetingHint} value={draft.greeting} onValue={(greeting) => set({ greeting })} error={form.error('greeting')} maxLength={500} dir="auto" rows={2} />
        <Select label={s.widgetLanguage} hint={s.widgetLanguageHint} value={draft.language} onValue={(language) => set({ language: language as Draft['language'] })} options={languages} />
        <div class="field" role="group" aria-label={s.translations}>
          <span class="label">{s.translations}</span>
          <p class="field-hint">{s.translationsHint}</p>
          {form.error('translations') && <p class="field-error" role="alert">{form.error('translations')}</p>}
          {CODES.filter((code) => draft.translations[code]).map((code) => {
            const texts = draft.translations[code]!;
            const dir = code === 'ar' ? 'rtl' : 'ltr';
            return (
              <div key={code} class="box" role="group" aria-label={LANGUAGES[code]}>
                <div class="box-head">
                  <b lang={code}>{LANGUAGES[code]}</b>
                  <IconButton size="small" icon="trash-2" label={fill(s.removeLanguage, { language: LANGUAGES[code] })} disabled={locked} onClick={() => translate(code, null)} />
                </div>
                <TextField label={s.widgetTitle} value={texts.title} onValue={(title) => translate(code, { ...texts, title })} maxLength={60} dir={dir} lang={code} />
                <TextArea label={s.greeting} value={texts.greeting} onValue={(greeting) => translate(code, { ...texts, greeting })} maxLength={500} rows={2} dir={dir} lang={code} />
              </div>
            );
          })}
          {missing.length > 0 && !locked && (
            <div>
              <Menu
                label={s.addLanguage}
                items={missing.map((code) => ({ label: LANGUAGES[code], run: () => translate(code, { greeting: '', title: '' }) }))}
                trigger={({ buttonRef, ...props }) => (
                  <Button size="small" icon="plus" buttonRef={buttonRef} {...props}>
                    {s.addLanguage}
                  </Button>
                )}
              />
            </div>
          )}
        </div>
      </FormOf>
    </Card>
  );
}

/** A colour by name, by picture and by what is common. */
export function Colour({ value, error, onValue }: { value: string; error: string | undefined; onValue: (value: string) => void }) {
  const s = own.value;
  const known = /^#[0-9a-f]{6}$/i.test(value);
  return (
    <Field label={s.colour} hint={s.colourHint} error={error}>
      {(control) => (
        <div class="colour">
          <input type="color" class="input" aria-label={s.colourPick} value={known ? value.toLowerCase() : '#000000'} onInput={(event) => onValue(event.currentTarget.value)} />
          <input {...control} type="text" class="input hex" dir="ltr" value={value} maxLength={7} required pattern="#[0-9A-Fa-f]{6}" title="#rrggbb" spellcheck={false} onInput={(event) => onValue(event.currentTarget.value)} />
          <div class="swatches" role="group" aria-label={s.colourCommon}>
            {SWATCHES.map((colour) => (
              <button key={colour} type="button" class="swatch" style={{ background: colour }} aria-label={colour} aria-pressed={value.toLowerCase() === colour} onClick={() => onValue(colour)}>
                {value.toLowerCase() === colour && <Icon name="check" size={14} />}
              </button>
            ))}
          </div>
        </div>
      )}
    </Field>
  );
}

function Logo({ url, error, locked, onLogo }: { url: string | null; error: string | undefined; locked: boolean; onLogo: (url: string | null, uploadId: string | null) => void }) {
  const s = own.value;
  const input = useRef<HTMLInputElement>(null);
  const busy = useSignal(false);
  const problem = useSignal('');
  const choose = async (file: File | undefined) => {
    if (!file) return;
    busy.value = true;
    problem.value = '';
    const answer = await upload(file).done;
    busy.value = false;
    if (!answer.ok) problem.value = why(answer);
    else if (!answer.value.preview_url) problem.value = s.logoNoPicture;
    else onLogo(answer.value.preview_url, answer.value.id);
  };
  const said = problem.value || error;
  return (
    <div class="field" role="group" aria-label={s.logo}>
      <span class="label">{s.logo}</span>
      <div class="inline">
        <span class="logo">{url ? <img src={ownFile(url)} alt={s.logo} /> : <Icon name="image" size={20} />}</span>
        <input ref={input} type="file" accept="image/png,image/jpeg,image/webp,image/gif" class="sr" tabIndex={-1} aria-hidden="true" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
        <Button size="small" icon="upload" busy={busy.value} disabled={locked} onClick={() => input.current?.click()}>
          {url ? s.logoReplace : s.logoUpload}
        </Button>
        {url && !locked && (
          <Button size="small" kind="quiet" onClick={() => onLogo(null, null)}>
            {words.value.remove}
          </Button>
        )}
      </div>
      {said && <p class="field-error" role="alert">{said}</p>}
      <p class="field-hint">{s.logoHint}</p>
    </div>
  );
}
