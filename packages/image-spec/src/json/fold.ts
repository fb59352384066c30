/**
 * The key as Go's readers compare it, in which most registries and engines are written: capitals do not matter to them, nor
 * whether an s is the long one of old prints. https://pkg.go.dev/encoding/json#Unmarshal
 */
export function foldKey(key: string): string {
  return key.toLowerCase().replaceAll('\u017f', 's');
}
