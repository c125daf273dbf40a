// The design system. Pages take their parts from here and bring no style of their own for what is here already.

export { Avatar } from './avatar.tsx';
export { Badge, Card, EmptyState, Page, Skeleton, Spinner } from './surface.tsx';
export { Button, IconButton, LinkButton } from './button.tsx';
export { Checkbox, Field, Select, Switch, TextArea, TextField } from './field.tsx';
export { ask, Dialog } from './dialog.tsx';
export { Icon, type IconName } from './icon.tsx';
export { Menu, Popover, type MenuItem } from './menu.tsx';
export { Tabs } from './tabs.tsx';
export { failed, toast, why } from './toast.tsx';
export { classes } from './classes.ts';
