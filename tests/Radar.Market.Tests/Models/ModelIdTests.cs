using Radar.Market.Models;

namespace Radar.Market.Tests.Models;

public sealed class ModelIdTests
{
    [Theory]
    [InlineData("BTCUSDT/lightgbm/v1", "lightgbm-v1-consumer")]
    [InlineData("BTCUSDT/tst/v12", "tst-v12-consumer")]
    [InlineData("ETHUSDT/lightgbm/v1", "ETHUSDT-lightgbm-v1-consumer")]
    [InlineData("BTCUSDC/lightgbm/v1", "BTCUSDC-lightgbm-v1-consumer")]
    public void ConsumerGroup_OfTheOriginalsCoin_IsTheOriginals_AndEveryOtherCoinHasItsOwn(string model, string group) =>
        Assert.Equal(group, ModelId.Parse(model).ConsumerGroup);
}
