using Microsoft.Extensions.Configuration;

namespace Radar.Jobs.FleetWorkflows;

/// <summary>What start-fleet and kill-fleet work with. Deadlines are in <c>Radar:Fleet</c>; the rest has its own keys.</summary>
public sealed class FleetWorkflowOptions
{
    /// <summary>How long the producer may take until it runs. The default is 5 minutes. Key: <c>Radar:Fleet:ProducerDeadline</c>.</summary>
    public TimeSpan ProducerDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long each consumer may take until it has caught up and runs. The default is 30 minutes. Key: <c>Radar:Fleet:ConsumerDeadline</c>.</summary>
    public TimeSpan ConsumerDeadline { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long each producer and sink of market capture may take until it runs. The default is 5 minutes. Key: <c>Radar:Fleet:CaptureDeadline</c>.</summary>
    public TimeSpan CaptureDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long workers may take until they are deleted. The default is 2 minutes. Key: <c>Radar:Fleet:DeleteDeadline</c>.</summary>
    public TimeSpan DeleteDeadline { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Folder of <c>CRYPTO/MODEL/VERSION.onnx</c>. Key: <c>Radar:Models:Directory</c>; the default is <c>models</c>.</summary>
    public string Models { get; set; } = "models";

    /// <summary>Symbols the producer captures. Key: <c>Radar:Market:Symbols</c>; the default is BTCUSDT.</summary>
    public IReadOnlyList<string> Symbols { get; set; } = ["BTCUSDT"];

    /// <summary>
    /// Folder of <c>prices/CRYPTO.csv[.gz]</c> and <c>predictions/CRYPTO/MODEL/VERSION.csv[.gz]</c>; null: nothing is pulled.
    /// Key: <c>Radar:Datasets:Directory</c>.
    /// </summary>
    public string? Datasets { get; set; }

    internal static FleetWorkflowOptions From(IConfiguration configuration)
    {
        var options = new FleetWorkflowOptions();
        configuration.GetSection("Radar:Fleet").Bind(options);
        options.Models = configuration["Radar:Models:Directory"] is { Length: > 0 } models ? models : options.Models;
        options.Datasets = configuration["Radar:Datasets:Directory"] is { Length: > 0 } datasets ? datasets : null;
        if (configuration["Radar:Market:Symbols"] is { Length: > 0 } symbols)
        {
            options.Symbols = symbols.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }

        return options;
    }
}
