// The org door's REST. What is refused is an answer like any other: callers look at `ok`, nothing is thrown.

import { signal } from '@preact/signals';

export interface Failure {
  ok: false;
  /** 0 when the server was not reached. */
  status: number;
  /** The server's words, for people; empty when there are none. */
  reason: string;
  /** Seconds. */
  retryAfter: number | null;
}

export type Result<T> = { ok: true; value: T } | Failure;

export interface Me {
  id: string;
  organization_id: string;
  name: string;
  email: string;
  role: 'owner' | 'admin' | 'agent' | 'viewer';
  permissions: string[];
  csrf_token: string;
  preferences?: Partial<Preferences>;
}

export interface Preferences {
  theme: 'system' | 'light' | 'dark';
  language: 'auto' | 'en' | 'de' | 'fr' | 'es' | 'ar';
  sound: boolean;
  notifications: boolean;
}

/** Who works here; null until the server has said so. */
export const me = signal<Me | null>(null);

export async function loadMe(): Promise<Result<Me>> {
  const answer = await request<Me>('GET', '/api/me');
  if (answer.ok) me.value = answer.value;
  return answer;
}

export const api = {
  get: <T>(path: string, query?: Query): Promise<Result<T>> => request('GET', path + asked(query)),
  post: <T = void>(path: string, body?: unknown): Promise<Result<T>> => change('POST', path, body),
  put: <T = void>(path: string, body?: unknown): Promise<Result<T>> => change('PUT', path, body),
  patch: <T = void>(path: string, body?: unknown): Promise<Result<T>> => change('PATCH', path, body),
  delete: <T = void>(path: string, body?: unknown): Promise<Result<T>> => change('DELETE', path, body),
};

export type Query = Record<string, string | number | null | undefined>;

function asked(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : '';
}

async function change<T>(method: string, path: string, body?: unknown): Promise<Result<T>> {
  const answer = await request<T>(method, path, body);
  // Somebody has signed in anew in another tab: this sign-in has another token now.
  const stale = !answer.ok && answer.status === 403 && /CSRF/.test(answer.reason);
  if (!stale || !(await loadMe()).ok) return answer;
  return request<T>(method, path, body);
}

async function request<T>(method: string, path: string, body?: unknown): Promise<Result<T>> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-CSRFToken'] = me.value?.csrf_token ?? '';
  try {
    const response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    if (!response.ok) return refused(response.status, await response.text(), response.headers.get('Retry-After'));
    return { ok: true, value: (response.status === 204 ? undefined : await response.json()) as T };
  } catch {
    return { ok: false, status: 0, reason: '', retryAfter: null };
  }
}

function refused(status: number, text: string, wait: string | null): Failure {
  if (status === 401) signInAgain();
  let reason = '';
  try {
    reason = String(JSON.parse(text).error ?? '');
  } catch {
    // Somebody in between has answered.
  }
  return { ok: false, status, reason, retryAfter: Number(wait) || null };
}

/** The sign-in is over: the way leads back here. */
export function signInAgain(): void {
  location.assign(`/auth/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

export interface Uploaded {
  id: string;
  url: string;
  preview_url: string | null;
  filename: string;
  size: number;
  mime_type: string;
  width: number | null;
  height: number | null;
}

export interface Upload {
  done: Promise<Result<Uploaded>>;
  cancel(): void;
}

/** Sends a file up; `progress` hears how much has gone, from 0 to 1. */
export function upload(file: File, fields: Record<string, string> = {}, progress: (part: number) => void = () => {}): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Result<Uploaded>>((resolve) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', file);
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onerror = request.onabort = () => resolve({ ok: false, status: 0, reason: '', retryAfter: null });
    request.onload = () => {
      if (request.status !== 201) resolve(refused(request.status, request.responseText, request.getResponseHeader('Retry-After')));
      else resolve({ ok: true, value: JSON.parse(request.responseText) });
    };
    request.open('POST', '/api/uploads/');
    request.setRequestHeader('X-CSRFToken', me.value?.csrf_token ?? '');
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}

/** A file of our own server under the name by which this page has reached it, or nothing. */
export function ownFile(address: unknown): string {
  try {
    const url = new URL(String(address), location.href);
    return /^\/uploads\//.test(url.pathname) ? url.pathname : '';
  } catch {
    return '';
  }
}
