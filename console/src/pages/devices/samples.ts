/** A command that publishes as the device. The token is a place-holder unless it has just been made. */
export function publishCommand(origin: string, token: string): string {
  return [
    `curl ${origin}/v1/devices/events \\`,
    `  -H "Authorization: Bearer ${token}" \\`,
    `  -d name=climate/reading \\`,
    `  --data-urlencode 'data={"celsius":21.5}'`,
  ].join("\n");
}

/** A command that hears the replies to the device's events. */
export function listenCommand(origin: string, token: string): string {
  return [
    `curl -N ${origin}/v1/devices/events/hook-response/ \\`,
    `  -H "Authorization: Bearer ${token}"`,
  ].join("\n");
}
