//! Images in one array of bytes, [count, height, width] or with a channel axis: what IDX and NumPy files hold.
use crate::image::{MAX_PIXELS, Raster};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Grey,
    ChannelsFirst,
    ChannelsLast,
}

/// How an array is cut into images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    layout: Layout,
    pub count: usize,
    pub height: usize,
    pub width: usize,
}

/// An array that is not one of images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShapeError {
    #[error(
        "images are [count, height, width] or have 3 channels, this file has dimensions {0:?}; \
         are images and labels swapped?"
    )]
    Dimensions(Vec<usize>),
    #[error("absurd images of {height}×{width} pixels")]
    Absurd { height: usize, width: usize },
}

impl Shape {
    pub(crate) fn of(dimensions: &[usize]) -> Result<Self, ShapeError> {
        let (layout, count, height, width) = match *dimensions {
            [n, h, w] | [n, 1, h, w] | [n, h, w, 1] => (Layout::Grey, n, h, w),
            [n, 3, h, w] => (Layout::ChannelsFirst, n, h, w),
            [n, h, w, 3] => (Layout::ChannelsLast, n, h, w),
            _ => return Err(ShapeError::Dimensions(dimensions.to_vec())),
        };
        if height.saturating_mul(width) > MAX_PIXELS {
            return Err(ShapeError::Absurd { height, width });
        }
        Ok(Self {
            layout,
            count,
            height,
            width,
        })
    }

    /// The bytes of an image.
    pub(crate) fn bytes(&self) -> usize {
        let channels = match self.layout {
            Layout::Grey => 1,
            Layout::ChannelsFirst | Layout::ChannelsLast => 3,
        };
        self.height * self.width * channels
    }

    /// The image that so many bytes are.
    pub(crate) fn raster(&self, bytes: Vec<u8>) -> Raster<u8> {
        let (height, width) = (self.height, self.width);
        match self.layout {
            Layout::Grey => Raster::grey(height, width, &bytes),
            Layout::ChannelsFirst => Raster::planar(height, width, bytes),
            Layout::ChannelsLast => Raster::interleaved(height, width, &bytes),
        }
    }
}
