import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { api } from '../api.ts';
import { fileSize, fill, plural, words } from '../i18n/index.ts';
import { Button, classes, Select, TextArea, TextField, toast } from '../ui/index.ts';
import { FormOf, useForm } from './kit.tsx';
import { words as own } from './words.ts';

/** What the server takes of one text. */
const MOST = 1024 * 1024;

type Format = 'markdown' | 'html' | 'text';

const FORMATS: Record<string, Format> = { md: 'markdown', markdown: 'markdown', htm: 'html', html: 'html', txt: 'text' };

/** Knowledge by paste or file: Markdown becomes an article for each of its first headings, a page its readable text. */
export function ImportForm({ imported, save }: { imported: (articles: { id: string; title: string }[]) => void; save?: string }) {
  const s = own.value;
  const form = useForm({ format: 'markdown' as Format, content: '', title: '', url: '' });
  const over = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const { draft, set, error } = form;

  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MOST) return form.complain('content', fill(s.tooLarge, { name: file.name, size: fileSize(MOST) }));
    const format = FORMATS[file.name.split('.').pop()!.toLowerCase()];
    if (!format) return form.complain('content', fill(s.notText, { name: file.name }));
    const title = format === 'markdown' ? draft.title : draft.title || file.name.replace(/\.[^.]*$/, '');
    set({ content: await file.text(), format, title });
  };
  const send = async () => {
    const answer = await form.send(({ format, content, title, url }) =>
      api.post<{ id: string; title: string }[]>('/api/articles/import', { format, content, ...(title.trim() && { title: title.trim() }), ...(url.trim() && { url: url.trim() }) }),
    );
    if (!answer.ok) return;
    form.keep({ format: draft.format, content: '', title: '', url: '' });
    toast(plural(s.imported, answer.value.length), { tone: 'good' });
    imported(answer.value);
  };
  const formats = [
    { value: 'markdown', label: 'Markdown' },
    { value: 'html', label: s.formatHtml },
    { value: 'text', label: s.formatText },
  ];
  return (
    <FormOf form={form} send={() => void send()} save={save ?? s.import} always>
      <div
        class={classes('drop-zone', over.value && 'over')}
        onDragOver={(event) => {
          event.preventDefault();
          over.value = true;
        }}
        onDragLeave={() => (over.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          over.value = false;
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <TextArea label={s.pasteHere} hint={s.pasteHint} value={draft.content} onValue={(content) => set({ content })} error={error('content')} required rows={10} maxLength={MOST} dir="auto" />
        <input ref={input} type="file" accept=".md,.markdown,.html,.htm,.txt,text/markdown,text/html,text/plain" class="sr" tabIndex={-1} aria-hidden="true" onChange={(event) => void take(event.currentTarget.files?.[0])} />
        <div>
          <Button size="small" icon="file" onClick={() => input.current?.click()}>
            {s.chooseFile}
          </Button>
        </div>
      </div>
      <div class="form-row">
        <Select label={s.format} value={draft.format} onValue={(format) => set({ format: format as Format })} options={formats} />
        <TextField label={`${s.title} (${words.value.optional})`} hint={draft.format === 'markdown' ? s.titleFromHeadings : undefined} value={draft.title} onValue={(title) => set({ title })} error={error('title')} maxLength={200} dir="auto" />
      </div>
      <TextField label={`${s.address} (${words.value.optional})`} hint={s.addressHint} type="url" value={draft.url} onValue={(url) => set({ url })} error={error('url')} dir="ltr" maxLength={2000} />
    </FormOf>
  );
}
