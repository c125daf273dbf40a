import { words } from '../i18n/index.ts';
import { Dialog, Switch } from '../ui/index.ts';
import { helpOpen, singleKeys, useSingleKeys } from './shortcuts.ts';

export default function Help() {
  const w = words.value;
  const keys: [string, string][] = [
    ['Ctrl K', w.commands],
    ['/', w.searchConversations],
    ['f', w.filters],
    ['1 – 4', w.views],
    ['j, k', w.nextPrevious],
    ['u', w.backToInbox],
    ['r', w.reply],
    ['n', w.privateNote],
    ['c', w.claim],
    ['a', w.assignTo],
    ['t', w.addTag],
    ['s', w.snooze],
    ['e', w.resolveReopen],
    ['i', w.contactDetails],
    ['Enter', w.send],
    ['Shift Enter', w.newLine],
    ['Ctrl Enter', w.sendAndResolve],
    ['?', w.shortcuts],
  ];
  return (
    <Dialog open title={w.shortcuts} onClose={() => (helpOpen.value = false)}>
      <Switch label={w.singleKeys} hint={w.singleKeysHint} checked={singleKeys.value} onChecked={useSingleKeys} />
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>{what}</dt>
            <dd>
              <kbd>{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
