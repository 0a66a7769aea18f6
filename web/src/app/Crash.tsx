import { Component, type ReactNode } from 'react';
import { t } from '../shared/strings';
import { Button } from '../shared/ui/Button';
import { Notice } from '../shared/ui/Panel';

/** When drawing fails: say so and offer a way on, never a blank page. */
export class Crash extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Notice title={t.state.crashedTitle} hint={t.state.crashedHint}>
        <Button look="primary" onClick={() => location.assign('/')}>
          {t.state.reload}
        </Button>
      </Notice>
    );
  }
}
