// What the packages of matgrad share and users should not build on: it may change with any version.

export { Guided } from './compile/guided.ts'
