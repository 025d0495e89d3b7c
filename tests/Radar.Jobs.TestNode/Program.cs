using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Radar.Jobs.TestNode;

// A node in a process of its own, for tests that kill it: settings come as --Radar:Database=… --Radar:Jobs:Node=…
var builder = Host.CreateEmptyApplicationBuilder(new());
builder.Configuration.AddCommandLine(args);
NodeServices.Add(builder.Services, builder.Configuration);
await builder.Build().RunAsync();
