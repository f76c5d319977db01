//! EWKB, the form of geometries and geographies on the wire, to ISO WKB, the form of `geoarrow.wkb`.
//!
//! Coordinates are copied unread. Invariant: every header is understood, that of each part of a collection too, or the
//! value is a [`Fault`]; the flags for Z, M and SRID never reach the consumer.
//!
//! The result needs no more room than the value and keeps its byte orders, so it is rewritten in place. Parts follow
//! each other in depth-first order, so that counting the parts to come replaces recursion, which a hostile server
//! could drive as deep as the value is long.

use super::error::Fault;

const HAS_Z: u32 = 0x8000_0000;
const HAS_M: u32 = 0x4000_0000;
const HAS_SRID: u32 = 0x2000_0000;
/// Bytes of a coordinate.
const COORDINATE: usize = 8;

/// The only reference system of GEOGRAPHY, as its column declares.
const SRID_OF_GEOGRAPHY: u32 = 4326;

/// Rewrites `bytes` from `start` on, one GEOMETRY, and drops what is left over, its SRID among it.
///
/// `geoarrow.wkb` has one reference system per column, in the field. A GEOMETRY column has one per value, and the field
/// is out before the first value is seen, so the field cannot name it, and no reader of ISO WKB takes it from the
/// value. Whoever needs it selects `ST_SRID` beside the column.
pub(super) fn geometry_to_iso_wkb(bytes: &mut Vec<u8>, start: usize) -> Result<(), Fault> {
    rewrite(bytes, start).map(drop)
}

/// The same for one GEOGRAPHY, whose SRID the column declares: another one in a value is a [`Fault`], none is not.
pub(super) fn geography_to_iso_wkb(bytes: &mut Vec<u8>, start: usize) -> Result<(), Fault> {
    match rewrite(bytes, start)? {
        None | Some(0 | SRID_OF_GEOGRAPHY) => Ok(()),
        Some(_) => Err(Fault::GeographySrid),
    }
}

/// Returns the SRID of the whole; those of parts repeat it.
fn rewrite(bytes: &mut Vec<u8>, start: usize) -> Result<Option<u32>, Fault> {
    let value = bytes.get_mut(start..).ok_or(Fault::Geometry)?;
    let mut cursor = Cursor { bytes: value, read: 0, written: 0, big_endian: false };
    let srid = cursor.geometry()?;
    let length = start + cursor.written;
    bytes.truncate(length);
    Ok(srid)
}

/// One value, read and rewritten in a single pass; `written` never passes `read`.
struct Cursor<'a> {
    bytes: &'a mut [u8],
    read: usize,
    written: usize,
    /// Byte order of the current part.
    big_endian: bool,
}

/// What the header of a part says.
struct Header {
    shape: Shape,
    /// Coordinates per point.
    dimensions: usize,
    srid: Option<u32>,
}

#[derive(Clone, Copy)]
enum Shape {
    Point,
    LineString,
    Polygon,
    /// Any kind of collection: parts with headers of their own.
    Collection,
}

impl Cursor<'_> {
    fn geometry(&mut self) -> Result<Option<u32>, Fault> {
        let whole = self.header()?;
        let mut parts = self.body(&whole)?;
        while parts > 0 {
            let part = self.header()?;
            // Each part takes more bytes than there can be parts to add, so the sum stays far below 64 bits.
            parts = parts - 1 + self.body(&part)?;
        }
        if self.read == self.bytes.len() { Ok(whole.srid) } else { Err(Fault::Geometry) }
    }

    fn header(&mut self) -> Result<Header, Fault> {
        let [order] = self.copy::<1>()?;
        self.big_endian = match order {
            0 => true,
            1 => false,
            _ => return Err(Fault::Geometry),
        };
        let word = self.integer()?;
        let kind = word & !(HAS_Z | HAS_M | HAS_SRID);
        // Servers write flags; the ISO codes are what a function such as ST_AsBinary makes.
        let (kind, iso) = (kind % 1000, kind / 1000);
        let (iso_z, iso_m) = match iso {
            0 => (false, false),
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return Err(Fault::Geometry),
        };
        let (has_z, has_m) = (iso_z || word & HAS_Z != 0, iso_m || word & HAS_M != 0);
        let shape = match kind {
            1 => Shape::Point,
            2 => Shape::LineString,
            3 => Shape::Polygon,
            4..=7 => Shape::Collection,
            _ => return Err(Fault::Geometry),
        };
        self.put(kind + if has_z { 1000 } else { 0 } + if has_m { 2000 } else { 0 })?;
        let srid = if word & HAS_SRID != 0 { Some(self.integer()?) } else { None };
        Ok(Header { shape, dimensions: 2 + usize::from(has_z) + usize::from(has_m), srid })
    }

    /// Copies what follows a header; returns how many parts come next.
    fn body(&mut self, header: &Header) -> Result<u64, Fault> {
        match header.shape {
            Shape::Point => self.copy_points(1, header)?,
            Shape::LineString => {
                let points = self.count()?;
                self.copy_points(points, header)?;
            }
            Shape::Polygon => {
                for _ in 0..self.count()? {
                    let points = self.count()?;
                    self.copy_points(points, header)?;
                }
            }
            Shape::Collection => return self.count().map(u64::from),
        }
        Ok(0)
    }

    fn copy_points(&mut self, points: u32, header: &Header) -> Result<(), Fault> {
        let length = usize::try_from(points).ok().and_then(|n| n.checked_mul(header.dimensions * COORDINATE));
        let end = length.and_then(|length| self.read.checked_add(length)).ok_or(Fault::Geometry)?;
        if end > self.bytes.len() {
            return Err(Fault::Geometry);
        }
        self.bytes.copy_within(self.read..end, self.written);
        self.written += end - self.read;
        self.read = end;
        Ok(())
    }

    /// A count, which stays.
    fn count(&mut self) -> Result<u32, Fault> {
        let count = self.integer()?;
        self.put(count)?;
        Ok(count)
    }

    fn integer(&mut self) -> Result<u32, Fault> {
        let bytes = self.next()?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn put(&mut self, value: u32) -> Result<(), Fault> {
        self.write(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() })
    }

    fn copy<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.next()?;
        self.write(bytes)?;
        Ok(bytes)
    }

    fn next<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.bytes.get(self.read..).and_then(<[u8]>::first_chunk).ok_or(Fault::Geometry)?;
        self.read += N;
        Ok(*bytes)
    }

    fn write<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Fault> {
        let room = self.bytes.get_mut(self.written..).and_then(<[u8]>::first_chunk_mut);
        *room.ok_or(Fault::Geometry)? = bytes;
        self.written += N;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scalar::hex_text;
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        hex_text(text.replace(' ', "").as_bytes(), &mut bytes).unwrap();
        bytes
    }

    /// The value behind other data, which must stay.
    fn geometry(value: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut bytes = [b"kept", value].concat();
        geometry_to_iso_wkb(&mut bytes, 4)?;
        assert!(bytes.starts_with(b"kept"));
        Ok(bytes.split_off(4))
    }

    const X: &str = "000000000000F03F";
    const Y: &str = "0000000000000040";
    const SRID: &str = "E6100000";

    #[test]
    fn flags_become_iso_codes_and_the_srid_goes() {
        for (ewkb, iso) in [
            (format!("01 01000000 {X}{Y}"), format!("01 01000000 {X}{Y}")),
            (format!("01 01000020 {SRID} {X}{Y}"), format!("01 01000000 {X}{Y}")),
            (format!("01 01000080 {X}{Y}{X}"), format!("01 E9030000 {X}{Y}{X}")),
            (format!("01 01000040 {X}{Y}{X}"), format!("01 D1070000 {X}{Y}{X}")),
            (format!("01 010000E0 {SRID} {X}{Y}{X}{Y}"), format!("01 B90B0000 {X}{Y}{X}{Y}")),
            (format!("01 D1070000 {X}{Y}{X}"), format!("01 D1070000 {X}{Y}{X}")),
            (format!("00 20000001 000010E6 {Y}{X}"), format!("00 00000001 {Y}{X}")),
            (
                format!("01 02000020 {SRID} 02000000 {X}{Y}{Y}{X}"),
                format!("01 02000000 02000000 {X}{Y}{Y}{X}"),
            ),
            ("01 02000020 E6100000 00000000".into(), "01 02000000 00000000".into()),
            (
                format!("01 03000080 02000000 01000000 {X}{Y}{X} 00000000"),
                format!("01 EB030000 02000000 01000000 {X}{Y}{X} 00000000"),
            ),
        ] {
            assert_eq!(geometry(&unhex(&ewkb)), Ok(unhex(&iso)), "{ewkb}");
        }
    }

    #[test]
    fn parts_of_collections_are_rewritten_each_in_its_byte_order() {
        let point = format!("00 A0000001 000010E6 {X}{Y}{X}");
        let line = format!("01 02000080 01000000 {X}{Y}{Y}");
        let ewkb =
            format!("01 070000A0 {SRID} 03000000 01 04000080 01000000 {point} {line} 01 07000080 00000000");
        let point = format!("00 000003E9 {X}{Y}{X}");
        let line = format!("01 EA030000 01000000 {X}{Y}{Y}");
        let iso = format!("01 EF030000 03000000 01 EC030000 01000000 {point} {line} 01 EF030000 00000000");
        assert_eq!(geometry(&unhex(&ewkb)), Ok(unhex(&iso)));
    }

    #[test]
    fn a_geography_keeps_to_its_reference_system() {
        for (srid, expected) in
            [("E6100000", Ok(())), ("00000000", Ok(())), ("110F0000", Err(Fault::GeographySrid))]
        {
            let mut bytes = unhex(&format!("01 01000020 {srid} {X}{Y}"));
            assert_eq!(geography_to_iso_wkb(&mut bytes, 0), expected, "{srid}");
        }
        assert_eq!(geography_to_iso_wkb(&mut unhex(&format!("01 01000000 {X}{Y}")), 0), Ok(()));
    }

    #[test]
    fn other_bytes_are_refused() {
        let whole =
            unhex(&format!("01 07000020 {SRID} 02000000 01 01000000 {X}{Y} 00 00000002 00000001 {X}{Y}"));
        assert!(geometry(&whole).is_ok());
        for end in 0..whole.len() {
            assert_eq!(geometry(&whole[..end]), Err(Fault::Geometry), "{end}");
        }
        for ewkb in [
            format!("01 01000000 {X}{Y} 00"),
            format!("02 01000000 {X}{Y}"),
            format!("01 00000000 {X}{Y}"),
            format!("01 08000000 {X}{Y}"),
            format!("01 A10F0000 {X}{Y}"),
            format!("01 01000010 {X}{Y}"),
            "01 02000000 FFFFFFFF".into(),
            "01 03000000 FFFFFFFF".into(),
            "01 07000000 FFFFFFFF".into(),
        ] {
            assert_eq!(geometry(&unhex(&ewkb)), Err(Fault::Geometry), "{ewkb}");
        }
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let level = unhex("01 07000000 01000000");
        let mut deep = level.repeat(200_000);
        deep.extend(unhex("01 07000000 00000000"));
        assert_eq!(geometry(&deep), Ok(deep.clone()));
    }
}
