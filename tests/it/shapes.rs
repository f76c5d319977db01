//! Random geometries and their bytes, in the form that goes into the server and in the one that comes out of the driver.
//!
//! Written from the two specifications, and sharing nothing with the driver. Invariant: both forms of a shape differ in
//! their headers alone.

use proptest::collection::vec;
use proptest::prelude::*;

/// ISO's form, or the extended one with its SRID.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wkb {
    Iso,
    Extended(Option<u32>),
}

/// A geometry in one byte order.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    little_endian: bool,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Point(f64, f64),
    Line(Vec<(f64, f64)>),
    Polygon(Vec<Vec<(f64, f64)>>),
    Collection(Vec<Shape>),
}

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    let point = || (any::<f64>(), any::<f64>());
    let kind = prop_oneof![
        point().prop_map(|(x, y)| Kind::Point(x, y)),
        vec(point(), 0..5).prop_map(Kind::Line),
        vec(vec(point(), 0..5), 0..3).prop_map(Kind::Polygon),
    ];
    let leaf = (any::<bool>(), kind).prop_map(|(little_endian, kind)| Shape { little_endian, kind });
    leaf.prop_recursive(3, 12, 3, |inner| {
        (any::<bool>(), vec(inner, 0..3))
            .prop_map(|(little_endian, parts)| Shape { little_endian, kind: Kind::Collection(parts) })
    })
}

impl Shape {
    /// With a third coordinate, a measure, or both.
    pub(crate) fn wkb(&self, format: Wkb, more: (bool, bool)) -> Vec<u8> {
        let mut out = vec![u8::from(self.little_endian)];
        let code = match &self.kind {
            Kind::Point(..) => 1,
            Kind::Line(_) => 2,
            Kind::Polygon(_) => 3,
            Kind::Collection(_) => 7,
        };
        let (z, m) = (u32::from(more.0), u32::from(more.1));
        match format {
            Wkb::Iso => self.put_u32(&mut out, code + 1000 * z + 2000 * m),
            Wkb::Extended(srid) => {
                self.put_u32(&mut out, code | z << 31 | m << 30 | u32::from(srid.is_some()) << 29);
                srid.iter().for_each(|srid| self.put_u32(&mut out, *srid));
            }
        }
        match &self.kind {
            Kind::Point(x, y) => self.put_points(&mut out, &[(*x, *y)], more),
            Kind::Line(points) => self.put_line(&mut out, points, more),
            Kind::Polygon(rings) => {
                self.put_u32(&mut out, rings.len().try_into().unwrap());
                rings.iter().for_each(|ring| self.put_line(&mut out, ring, more));
            }
            Kind::Collection(parts) => {
                self.put_u32(&mut out, parts.len().try_into().unwrap());
                // The SRID is that of the whole.
                let format = if format == Wkb::Iso { Wkb::Iso } else { Wkb::Extended(None) };
                parts.iter().for_each(|part| out.extend(part.wkb(format, more)));
            }
        }
        out
    }

    fn put_u32(&self, out: &mut Vec<u8>, number: u32) {
        out.extend(if self.little_endian { number.to_le_bytes() } else { number.to_be_bytes() });
    }

    fn put_line(&self, out: &mut Vec<u8>, points: &[(f64, f64)], more: (bool, bool)) {
        self.put_u32(out, points.len().try_into().unwrap());
        self.put_points(out, points, more);
    }

    fn put_points(&self, out: &mut Vec<u8>, points: &[(f64, f64)], (z, m): (bool, bool)) {
        for (x, y) in points {
            for number in [Some(x), Some(y), z.then_some(y), m.then_some(x)].into_iter().flatten() {
                out.extend(if self.little_endian { number.to_le_bytes() } else { number.to_be_bytes() });
            }
        }
    }
}
