import { ICONS, type IconName } from './icons.ts';

export type { IconName };

/** Decoration: whatever it stands for is said by the words beside it, or by the label of the button that it is in. */
export function Icon({ name, size = 20 }: { name: IconName; size?: 14 | 16 | 18 | 20 | 24 | 32 }) {
  return (
    <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}
