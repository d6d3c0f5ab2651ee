export const timeZoneListId = "time-zones";

/** Every zone that this browser knows, to complete what is typed. The API has the last word. */
export function TimeZoneList() {
  return (
    <datalist id={timeZoneListId}>
      {["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => (
        <option key={zone} value={zone} />
      ))}
    </datalist>
  );
}
