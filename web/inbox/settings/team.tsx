// Who works here, as what, and who is invited.

import { useSignal } from '@preact/signals';
import { api, me } from '../api.ts';
import { dates, fill, words } from '../i18n/index.ts';
import { may } from '../session.ts';
import { present } from '../socket.ts';
import { ask, Avatar, Badge, Button, Card, Dialog, failed, Menu, IconButton, Page, Select, TextField, toast, type MenuItem } from '../ui/index.ts';
import { FormOf, ShownOnce, Shown, useForm, useLoaded } from './kit.tsx';
import type { Invite, Member, Role } from './wire.ts';
import { words as own } from './words.ts';

const ROLES: Role[] = ['owner', 'admin', 'agent', 'viewer'];

/** The roles that this person may give: what makes an owner is for owners. */
function grantable(): Role[] {
  return me.value?.role === 'owner' ? ROLES : ROLES.filter((role) => role !== 'owner');
}

export default function Team() {
  const s = own.value;
  const team = useLoaded(() => api.get<Member[]>('/api/team/'), '', 'team');
  const manage = may('manage_team');
  const invites = useLoaded(() => (manage ? api.get<Invite[]>('/api/team/invites/') : Promise.resolve({ ok: true as const, value: [] })), '', 'team');
  const inviting = useSignal(false);
  const made = useSignal<Invite | null>(null);
  const actions = manage && (
    <Button kind="primary" icon="user-plus" onClick={() => (inviting.value = true)}>
      {s.invite}
    </Button>
  );
  return (
    <Page title={s.team} lead={s.teamLead} actions={actions}>
      <Card flush>
        <Shown of={team} rows>
          {(all) => (
            <ul class="lines" aria-label={s.team}>
              {all.map((member) => (
                <Person key={member.id} member={member} again={team.again} />
              ))}
            </ul>
          )}
        </Shown>
      </Card>
      {manage && (invites.value?.length ?? 0) > 0 && (
        <Card title={s.waiting} lead={s.waitingLead} flush>
          <ul class="lines" aria-label={s.waiting}>
            {invites.value!.map((invite) => (
              <Waiting key={invite.id} invite={invite} again={invites.again} renewed={(next) => (made.value = next)} />
            ))}
          </ul>
        </Card>
      )}
      <Card title={s.roles}>
        <dl class="terms">
          {ROLES.map((role) => (
            <div key={role}>
              <dt>{words.value[role]}</dt>
              <dd>{{ owner: s.ownerMay, admin: s.adminMay, agent: s.agentMay, viewer: s.viewerMay }[role]}</dd>
            </div>
          ))}
        </dl>
      </Card>
      {inviting.value && (
        <InviteForm
          close={() => (inviting.value = false)}
          invited={(invite) => {
            inviting.value = false;
            made.value = invite;
            invites.again();
          }}
        />
      )}
      {made.value?.link && (
        <ShownOnce title={s.inviteLink} lead={fill(s.inviteLinkLead, { email: made.value.email })} label={s.link} value={made.value.link} onClose={() => (made.value = null)} />
      )}
    </Page>
  );
}

function Person({ member, again }: { member: Member; again: () => void }) {
  const s = own.value;
  const mine = member.id === me.value?.id;
  const mayChange = may('manage_team') && (member.role !== 'owner' || me.value?.role === 'owner');
  const give = async (role: Role) => {
    if (mine && !(await ask({ title: s.ownRoleTitle, text: s.ownRoleText, yes: s.changeRole, danger: true }))) return;
    const answer = await api.patch(`/api/team/${member.id}`, { role });
    if (!answer.ok) failed(words.value.notSaved, answer);
    else toast(words.value.saved, { tone: 'good' });
    again();
  };
  const remove = async () => {
    if (!(await ask({ title: fill(s.removeMemberTitle, { name: member.name }), text: s.removeMemberText, yes: words.value.remove, danger: true }))) return;
    const answer = await api.delete(`/api/team/${member.id}`);
    if (!answer.ok) failed(words.value.notSaved, answer);
    again();
  };
  const items: MenuItem[] = [
    ...grantable().map((role) => ({ label: words.value[role], checked: member.role === role, run: () => role !== member.role && void give(role) })),
    'line',
    { label: s.removeMember, icon: 'trash-2', danger: true, disabled: mine, run: () => void remove() },
  ];
  return (
    <li class="with-avatar">
      <Avatar name={member.name} id={member.id} size={40} online={present.value.has(member.id) || mine} />
      <span class="grow">
        <b>
          <bdi>{member.name}</bdi> {mine && <Badge>{words.value.you}</Badge>}
        </b>
        <span class="muted" dir="ltr">{member.email}</span>
      </span>
      <Badge tone={member.role === 'owner' ? 'accent' : 'neutral'}>{words.value[member.role]}</Badge>
      {mayChange && (
        <Menu
          label={fill(s.changeNamed, { name: member.name })}
          align="end"
          items={items}
          trigger={({ buttonRef, ...props }) => <IconButton icon="ellipsis-vertical" label={fill(s.changeNamed, { name: member.name })} buttonRef={buttonRef} {...props} />}
        />
      )}
    </li>
  );
}

function Waiting({ invite, again, renewed }: { invite: Invite; again: () => void; renewed: (invite: Invite) => void }) {
  const s = own.value;
  const renew = async () => {
    const answer = await api.post<Invite>('/api/team/invites/', { email: invite.email, role: invite.role });
    if (!answer.ok) return failed(words.value.notSaved, answer);
    renewed(answer.value);
    again();
  };
  const revoke = async () => {
    if (!(await ask({ title: fill(s.revokeTitle, { email: invite.email }), text: s.revokeText, yes: s.revoke, danger: true }))) return;
    const answer = await api.delete(`/api/team/invites/${invite.id}`);
    if (!answer.ok) failed(words.value.notSaved, answer);
    again();
  };
  return (
    <li>
      <span class="grow">
        <b dir="ltr">{invite.email}</b>
        <span class="muted">
          {words.value[invite.role]} · {fill(s.expires, { when: dates.relative(invite.expires_at) })}
        </span>
      </span>
      <Button size="small" icon="link" onClick={() => void renew()}>
        {s.newLink}
      </Button>
      <Button size="small" kind="quiet" onClick={() => void revoke()}>
        {s.revoke}
      </Button>
    </li>
  );
}

function InviteForm({ close, invited }: { close: () => void; invited: (invite: Invite) => void }) {
  const s = own.value;
  const form = useForm({ email: '', role: 'agent' as Role }, { guarded: false });
  const send = async () => {
    const answer = await form.send((draft) => api.post<Invite>('/api/team/invites/', draft));
    if (answer.ok) invited(answer.value);
  };
  return (
    <Dialog open title={s.invite} lead={s.inviteLead} onClose={close}>
      <FormOf form={form} send={() => void send()} save={s.makeLink} always>
        <TextField label={s.email} type="email" autocomplete="off" value={form.draft.email} onValue={(email) => form.set({ email })} error={form.error('email')} required dir="ltr" />
        <Select label={s.role} value={form.draft.role} onValue={(role) => form.set({ role: role as Role })} error={form.error('role')} options={grantable().map((role) => ({ value: role, label: words.value[role] }))} />
      </FormOf>
    </Dialog>
  );
}
