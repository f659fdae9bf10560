//! Where the tiles of a map lie.
use super::map::Size;

/// The tiles of all images, each of 2×2 positions of the output and of the 4×4 round them of the input.
pub(super) struct Tiles {
    size: Size,
    across: usize,
    in_image: usize,
}

/// Numbers of the positions [images, H, W] of a tile's side × side values; `None` where they lie outside the image.
pub(super) type Places<const N: usize> = [Option<usize>; N];

impl Tiles {
    pub(super) fn new(size: Size) -> Self {
        let across = size.width.div_ceil(2);
        Self {
            size,
            across,
            in_image: across * size.height.div_ceil(2),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.size.images * self.in_image
    }

    /// Of the input, which begins one position before the output's.
    #[inline(always)]
    pub(super) fn input(&self, tile: usize) -> Places<16> {
        let mut places = [None; 16];
        let (image, top, left) = self.corner(tile);
        for (n, place) in places.iter_mut().enumerate() {
            let (y, x) = (top + n / 4, left + n % 4);
            *place = y
                .checked_sub(1)
                .zip(x.checked_sub(1))
                .and_then(|(y, x)| self.place(image, y, x));
        }
        places
    }

    #[inline(always)]
    pub(super) fn output(&self, tile: usize) -> Places<4> {
        let mut places = [None; 4];
        let (image, top, left) = self.corner(tile);
        for (n, place) in places.iter_mut().enumerate() {
            *place = self.place(image, top + n / 2, left + n % 2);
        }
        places
    }

    #[inline(always)]
    fn corner(&self, tile: usize) -> (usize, usize, usize) {
        let (image, tile) = (tile / self.in_image, tile % self.in_image);
        (image, tile / self.across * 2, tile % self.across * 2)
    }

    #[inline(always)]
    fn place(&self, image: usize, y: usize, x: usize) -> Option<usize> {
        let Size { height, width, .. } = self.size;
        (y < height && x < width).then_some((image * height + y) * width + x)
    }
}
