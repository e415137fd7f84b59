package io.fairlead.lab;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How all pictures look: on white, which GitHub shows in dark too, at twice the pixels for dense screens. */
final class Pictures {

  private static final int WIDTH = 900;
  private static final int HEIGHT = 460;
  private static final int SCALE = 2;

  /**
   * Four that those who are colour-blind can tell apart, and that differ in lightness too.
   *
   * @see <a href="https://jfly.uni-koeln.de/color/">Okabe and Ito, Color Universal Design</a>
   */
  private static final List<Color> COLOURS =
      List.of(new Color(0x0072b2), new Color(0xe69f00), new Color(0x009e73), new Color(0x000000));

  private Pictures() {}

  static XYChart lines(String title, String x, String y) {
    XYChart chart = new XYChartBuilder()
        .width(WIDTH)
        .height(HEIGHT)
        .title(title)
        .xAxisTitle(x)
        .yAxisTitle(y)
        .build();
    style(chart.getStyler());
    chart.getStyler().setXAxisTickMarkSpacingHint(60).setYAxisMin(0.0);
    return chart;
  }

  static CategoryChart bars(String title, String x, String y) {
    CategoryChart chart = new CategoryChartBuilder()
        .width(WIDTH)
        .height(HEIGHT)
        .title(title)
        .xAxisTitle(x)
        .yAxisTitle(y)
        .build();
    style(chart.getStyler());
    chart
        .getStyler()
        .setAvailableSpaceFill(0.8)
        .setPlotGridVerticalLinesVisible(false)
        .setYAxisMin(0.0);
    chart.getStyler().setXAxisTitleVisible(!x.isEmpty());
    return chart;
  }

  private static void style(AxesChartStyler styler) {
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 14);
    styler
        .setAxisTickLabelsFont(font.deriveFont(13f))
        .setAxisTitleFont(font)
        .setPlotGridLinesColor(new Color(0xdddddd))
        .setPlotGridLinesStroke(new BasicStroke(1))
        .setLocale(Locale.ROOT);
    styler
        .setSeriesColors(COLOURS.toArray(Color[]::new))
        .setChartBackgroundColor(Color.WHITE)
        .setChartTitleFont(font.deriveFont(Font.BOLD, 17f))
        .setChartTitleBoxVisible(false)
        .setPlotBorderVisible(false)
        .setLegendFont(font)
        .setLegendBorderColor(Color.WHITE)
        .setLegendPadding(14)
        .setLegendPosition(Styler.LegendPosition.OutsideS)
        .setLegendLayout(Styler.LegendLayout.Horizontal);
  }

  /** Adds a line. */
  static void add(XYChart chart, String name, List<Double> x, List<Double> y) {
    chart
        .addSeries(name, x, y)
        .setMarker(SeriesMarkers.NONE)
        .setLineStyle(new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
  }

  /** Adds a bar in each category. */
  static void add(CategoryChart chart, String name, List<String> categories, List<Double> y) {
    chart.addSeries(name, categories, y);
  }

  /** Marks where something begins or ends. */
  static void from(XYChart chart, double x) {
    chart
        .getStyler()
        .setAnnotationLineColor(new Color(0x777777))
        .setAnnotationLineStroke(new BasicStroke(
            1, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, new float[] {5, 4}, 0));
    chart.addAnnotation(new AnnotationLine(x, true, false));
  }

  /** Makes room for long names under the bars. */
  static void slantLabels(CategoryChart chart) {
    chart.getStyler().setXAxisLabelRotation(30);
  }

  /** Writes it as PNG, in the few colours that it has, which makes the file several times smaller. */
  static void save(Chart<?, ?> chart, Path file) throws IOException {
    BufferedImage image =
        new BufferedImage(WIDTH * SCALE, HEIGHT * SCALE, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.scale(SCALE, SCALE);
      chart.paint(graphics, WIDTH, HEIGHT);
    } finally {
      graphics.dispose();
    }
    ImageIO.write(indexed(image), "png", file.toFile());
  }

  /** The same in 256 colours at most: the most frequent ones, once shades that the eye cannot tell apart are one. */
  private static BufferedImage indexed(BufferedImage image) {
    Map<Integer, Integer> counts = new HashMap<>();
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        counts.merge(rounded(image.getRGB(x, y)), 1, Integer::sum);
      }
    }
    int[] palette = counts.entrySet().stream()
        .sorted(Map.Entry.<Integer, Integer>comparingByValue().reversed())
        .limit(256)
        .mapToInt(Map.Entry::getKey)
        .toArray();
    Map<Integer, Integer> indices = new HashMap<>();
    BufferedImage indexed = new BufferedImage(
        image.getWidth(),
        image.getHeight(),
        BufferedImage.TYPE_BYTE_INDEXED,
        new IndexColorModel(8, palette.length, palette, 0, false, -1, DataBuffer.TYPE_BYTE));
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int index = indices.computeIfAbsent(
            rounded(image.getRGB(x, y)), colour -> nearest(palette, colour));
        indexed.getRaster().setSample(x, y, 0, index);
      }
    }
    return indexed;
  }

  /** With 4 bits of each part instead of 8. */
  private static int rounded(int colour) {
    int rounded = 0;
    for (int shift = 0; shift < 24; shift += 8) {
      int part = (colour >> shift) & 0xff;
      rounded |= (Math.round(part / 17f) * 17) << shift;
    }
    return rounded;
  }

  private static int nearest(int[] palette, int colour) {
    int nearest = 0;
    for (int i = 1; i < palette.length; i++) {
      if (distance(palette[i], colour) < distance(palette[nearest], colour)) {
        nearest = i;
      }
    }
    return nearest;
  }

  private static int distance(int a, int b) {
    int distance = 0;
    for (int shift = 0; shift < 24; shift += 8) {
      int difference = ((a >> shift) & 0xff) - ((b >> shift) & 0xff);
      distance += difference * difference;
    }
    return distance;
  }
}
