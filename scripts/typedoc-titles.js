// A page of the guide has its first heading as its name, and a module what it is imported from.

import { Converter, ReflectionKind } from 'typedoc'

export const load = (app) => {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const heading = document.content.find(({ kind, text }) => kind === 'text' && /^# .+$/m.test(text))
    document.name = /^# (.+)$/m.exec(heading?.text ?? '')?.[1] ?? document.name
  })
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, declaration) => {
    if (declaration.kindOf(ReflectionKind.Module)) declaration.name = `@matgrad/${declaration.name.replace('/src', '')}`
  })
}
