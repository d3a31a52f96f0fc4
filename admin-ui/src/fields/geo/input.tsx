import { Anchor, Button, Collapse, Group, Input, Text, TextInput } from "@mantine/core";
import { type ClipboardEvent, useState } from "react";
import type { GeoPointField } from "@/api/schema";
import { t } from "@/i18n";
import { IconExternalLink } from "@/ui/icons";
import { complain } from "@/ui/toast";
import { type InputProps, labelled } from "../input-props";
import { WorldMap } from "./world-map";

interface Point {
  lon: number;
  lat: number;
}

export function GeoPointFieldInput(props: InputProps<GeoPointField>) {
  const { value, onChange, field } = props;
  const [mapOpen, setMapOpen] = useState(false);
  const point = (value ?? { lon: 0, lat: 0 }) as Point;
  const number = (text: string) => (text === "" ? 0 : Number(text));
  // Two numbers, as maps and their addresses write them: 52.5163, 13.3777 or …/@52.5163,13.3777,17z
  const paste = (event: ClipboardEvent) => {
    const found = /(-?\d{1,2}(?:\.\d+)?)[,;/\s]+(-?\d{1,3}(?:\.\d+)?)/.exec(event.clipboardData.getData("text").replace(/^.*[@=]/, ""));
    if (!found) return;
    event.preventDefault();
    onChange({ lat: Number(found[1]), lon: Number(found[2]) });
  };
  const locate = () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => onChange({ lon: coords.longitude, lat: coords.latitude }),
      (refusal) => complain(new Error(refusal.message)),
    );
  return (
    <Input.Wrapper {...labelled(props)} labelElement="div">
      <Group gap="xs" wrap="nowrap" align="flex-end" onPaste={paste}>
        <TextInput type="number" step="any" min={-90} max={90} flex={1} aria-label={`${field.name}: ${t("Latitude")}`} leftSection="φ" value={point.lat} onChange={(event) => onChange({ ...point, lat: number(event.currentTarget.value) })} />
        <TextInput type="number" step="any" min={-180} max={180} flex={1} aria-label={`${field.name}: ${t("Longitude")}`} leftSection="λ" value={point.lon} onChange={(event) => onChange({ ...point, lon: number(event.currentTarget.value) })} />
        <Button variant="default" px="sm" aria-expanded={mapOpen} onClick={() => setMapOpen(!mapOpen)}>
          {t("Map")}
        </Button>
        {"geolocation" in navigator && (
          <Button variant="subtle" px="sm" onClick={locate}>
            {t("Here")}
          </Button>
        )}
      </Group>
      <Group gap="md" mt={4}>
        <Text size="xs" c="dimmed">{t("Two numbers from a map can be pasted.")}</Text>
        {(point.lat !== 0 || point.lon !== 0) && (
          <Anchor size="xs" target="_blank" rel="noreferrer" href={`https://www.openstreetmap.org/?mlat=${point.lat}&mlon=${point.lon}#map=12/${point.lat}/${point.lon}`}>
            {t("Look at it on OpenStreetMap")} <IconExternalLink size={12} aria-hidden />
          </Anchor>
        )}
      </Group>
      <Collapse expanded={mapOpen}>
        <WorldMap lon={point.lon} lat={point.lat} onPick={(lon, lat) => onChange({ lon, lat })} />
      </Collapse>
    </Input.Wrapper>
  );
}
