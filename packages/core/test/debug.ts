// Runs every test with programs that prove at each run what they write: `pnpm run test:debug`.

import { setDebug } from '@matgrad/core/internal'

setDebug(true)
