import '../shared/base.css';
import { Tertulia } from '@tertulia/client';
import { TertuliaProvider } from '@tertulia/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followSystem } from '../shared/theme';
import { Toasts } from '../shared/ui/Toasts';
import { App } from './App';
import { Crash } from './Crash';
import { deviceName } from './deviceName';
import { reloadOnLostChunk } from './reload';

followSystem();
reloadOnLostChunk();
const client = new Tertulia({ url: '/', deviceName: deviceName(navigator.userAgent) });

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Crash>
        <TertuliaProvider client={client}>
          <App />
          <Toasts />
        </TertuliaProvider>
      </Crash>
    </StrictMode>,
  );
}
