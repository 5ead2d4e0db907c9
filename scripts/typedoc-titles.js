// A page of the guide has its first heading as its name.

import { Converter } from 'typedoc'

export const load = (app) => {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const heading = document.content.find(({ kind, text }) => kind === 'text' && /^# .+$/m.test(text))
    document.name = /^# (.+)$/m.exec(heading?.text ?? '')?.[1] ?? document.name
  })
}
