// A device in JavaScript. It listens on the first argument and tells what it hears on standard
// output, a JSON object a line; and does, on one association to the second, what it is told on
// standard input: a JSON array of steps.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import dimse from 'dcmjs-dimse';

const { Client, Dataset, Scp, Server, constants, log, requests, responses } = dimse;
const { PresentationContextResult, Status, TransferSyntax } = constants;
const SYNTAXES = [TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRLittleEndian];

log.disableAll();
const tell = (what) => console.log(JSON.stringify(what));

const heard = (where, request) => {
  const response = responses.NEventReportResponse.fromRequest(request);
  response.setStatus(Status.Success);
  const information = request.getDataset().getElements();
  tell({ event: request.getEventTypeId(), where, information });
  return response;
};

const kept = (request) => {
  const data = request.getDataset();
  const { SOPInstanceUID, PatientName, PixelData } = data.getElements();
  const pixels = createHash('sha256').update(Buffer.from(PixelData[0])).digest('hex');
  tell({ kept: SOPInstanceUID, name: PatientName, pixels, syntax: data.getTransferSyntaxUid() });
  const response = responses.CStoreResponse.fromRequest(request);
  response.setStatus(Status.Success);
  return response;
};

class Device extends Scp {
  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      for (const syntax of context.getTransferSyntaxUids()) {
        if (SYNTAXES.includes(syntax)) context.setResult(PresentationContextResult.Accept, syntax);
      }
    }
    this.sendAssociationAccept();
  }

  cEchoRequest(request, callback) {
    const response = responses.CEchoResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  cStoreRequest(request, callback) {
    callback(kept(request));
  }

  nEventReportRequest(request, callback) {
    callback(heard('new', request));
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

const made = {
  echo: () => new requests.CEchoRequest(),
  store: ({ path }) => new requests.CStoreRequest(path),
  find: ({ keys }) => requests.CFindRequest.createStudyFindRequest(keys),
  worklist: ({ keys }) => requests.CFindRequest.createWorklistFindRequest(keys),
  get: ({ study }) => requests.CGetRequest.createStudyGetRequest(study),
  move: ({ study, to }) => requests.CMoveRequest.createStudyMoveRequest(to, study),
  create: ({ uid }) => new requests.NCreateRequest('1.2.840.10008.3.1.2.3.3', uid),
  set: ({ uid }) => new requests.NSetRequest('1.2.840.10008.3.1.2.3.3', uid),
  commit: () => new requests.NActionRequest('1.2.840.10008.1.20.1', '1.2.840.10008.1.20.1.1', 1),
};

const perform = (port, steps) => {
  const client = new Client();
  for (const step of steps) {
    const request = made[step.ask](step);
    if (step.data) request.setDataset(new Dataset(step.data));
    request.on('response', (response) => {
      const found = response.hasDataset() ? response.getDataset().getElements() : undefined;
      tell({ ask: step.ask, status: response.getStatus(), found });
    });
    client.addRequest(request);
  }
  client.on('cStoreRequest', (request, callback) => callback(kept(request)));
  client.on('nEventReportRequest', (request, callback) => callback(heard('same', request)));
  client.on('networkError', (error) => tell({ error: error.message }));
  client.on('associationRejected', () => tell({ error: 'rejected' }));
  client.send('127.0.0.1', port, 'JS', 'LIANZHEN');
};

const [ours, theirs] = process.argv.slice(2).map(Number);
const server = new Server(Device);
server.listen(ours);
const input = createInterface({ input: process.stdin });
input.on('line', (line) => perform(theirs, JSON.parse(line)));
input.on('close', () => process.exit(0));
