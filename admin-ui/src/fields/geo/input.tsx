import { Button, Collapse, Group, Input, TextInput } from "@mantine/core";
import { useState } from "react";
import type { GeoPointField } from "@/api/schema";
import { t } from "@/i18n";
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
  const locate = () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => onChange({ lon: coords.longitude, lat: coords.latitude }),
      (refusal) => complain(new Error(refusal.message)),
    );
  return (
    <Input.Wrapper {...labelled(props)} labelElement="div">
      <Group gap="xs" wrap="nowrap" align="flex-end">
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
      <Collapse expanded={mapOpen}>
        <WorldMap lon={point.lon} lat={point.lat} onPick={(lon, lat) => onChange({ lon, lat })} />
      </Collapse>
    </Input.Wrapper>
  );
}
